"""Who is expected: rows taken in, worked off, and given to the devices that come."""

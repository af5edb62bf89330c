"""Reading what is handed in about expected devices: files and identifiers. Knows no Django."""

"""Reads app files whoever made them: within bounds, and without Django."""

"""The books of a small harbor."""

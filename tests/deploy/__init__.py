"""Podium as a service: the compose file, the image, and what they start."""

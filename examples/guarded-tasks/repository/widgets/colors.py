"""Colors of tiles. This file does not name its licence yet."""

GOOD, BAD = "2da44e", "cf222e"

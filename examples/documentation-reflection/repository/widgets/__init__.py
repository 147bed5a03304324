"""A small dashboard server: boards made of tiles, tiles fed by data sources."""

"""How long tests wait for what must come: a slow machine is no failure, and a hang is one."""

PATIENCE = 240.0
"""Seconds; less than a test may take in all."""

"""Deterministic code: patterns, the parts they are made of, and long-lived entities."""

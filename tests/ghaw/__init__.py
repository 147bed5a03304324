"""Runs of compiled gh-aw workflows: what they leave, and what that is worth."""

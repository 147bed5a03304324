"""SARIF from the artifacts of worker runs: read, checked, put together, and uploaded."""

"""One file per pattern."""

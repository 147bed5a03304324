"""Long-lived workflows that many orchestrations share."""

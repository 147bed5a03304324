"""What patterns are made of: objects with their own state, used inside workflows."""

"""Side effects: every call to GitHub and every look at Temporal from outside a workflow."""

"""The endpoints, one module per area of GitHub's API."""

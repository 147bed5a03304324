"""The demo: Temporal, a local GitHub and a Temporal Worker for one orchestration on this machine."""

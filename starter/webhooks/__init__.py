"""The webhook receiver: what GitHub delivers wakes watchers and starts orchestrations."""

from starter.webhooks.receiver import Delivery, NotNowError, Receiver

__all__ = ["Delivery", "NotNowError", "Receiver"]

"""The audit trail of an orchestration: exported from its histories, chained, signed, verified."""

"""How people start and steer orchestrations."""

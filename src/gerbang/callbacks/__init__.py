"""What resellers are told of their orders: written with the order, delivered at least once."""

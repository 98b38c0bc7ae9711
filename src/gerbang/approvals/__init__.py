"""What people decide about money, by two persons where that is set: orders, corrections."""

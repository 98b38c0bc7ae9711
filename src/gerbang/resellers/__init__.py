"""Who buys from us: resellers, their credentials, addresses, limits and settings."""

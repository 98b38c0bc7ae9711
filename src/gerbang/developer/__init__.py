"""What a reseller's developer copies: samples of every call in four languages."""

"""The double-entry book: accounts, transfers, seals, verification. Money moves here only."""

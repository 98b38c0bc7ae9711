"""Orders: intake, what a batch writes, attempts, outcomes, and what becomes of the unknown."""

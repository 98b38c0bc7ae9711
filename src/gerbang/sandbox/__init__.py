"""For trying things out: fake suppliers, magic numbers, the sandbox clock, the demo's data."""

"""Bills: inquiry sessions and payments; see docs/bills.md."""

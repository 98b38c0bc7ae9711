"""Deposits: tickets with exact totals, the bank's lines, and who is credited for them."""

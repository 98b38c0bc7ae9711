"""Sums over days: sales, cost and margin, and what became of card payments."""

"""Products, price lists and prices, kept in memory and imported from tables."""

"""Whom we buy from: their settings, our float there, price lists, and readable replies."""

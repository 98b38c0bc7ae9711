"""Which supplier gets an order, and why: routes, areas, limits, health, and the dispatch."""

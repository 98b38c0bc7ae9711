"""Who charges cards for us, behind one contract."""

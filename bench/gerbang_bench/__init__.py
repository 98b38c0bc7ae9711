"""How fast Gerbang is, against TPC-B on the same server: see bench.py."""

"""The management API at ``/api``: what operators and their programs may do, its description."""

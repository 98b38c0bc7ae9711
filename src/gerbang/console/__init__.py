"""The operator console at ``/console``."""

"""What integrators do in testing: trigger an outcome, listen and read the log."""

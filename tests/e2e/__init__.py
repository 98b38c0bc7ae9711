"""The whole gateway over HTTP; what its tests share ends with the last of them."""

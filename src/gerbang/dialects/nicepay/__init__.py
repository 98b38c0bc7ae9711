"""Card payments by the NICEPAY protocol: registration, payment, inquiry, cancel, notification."""

"""Card payments: merchants, payments, their acquirers, settlement."""

"""What an operator asks of its resellers: KYC, a monthly minimum, a surcharge."""

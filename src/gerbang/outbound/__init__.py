"""Calls to the outside: addresses that are allowed, one request sent once, transcripts."""

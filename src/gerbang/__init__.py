"""Gerbang: a host-to-host transaction gateway for prepaid and bill-payment businesses."""

__version__ = "0.1.0"

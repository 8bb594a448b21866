"""Moments for any streaming service: clip, share, see what it brought, share the revenue."""

__version__ = "0.1.0"

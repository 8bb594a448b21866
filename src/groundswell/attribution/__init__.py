"""Touches, conversions, and how the credit for a conversion is divided."""

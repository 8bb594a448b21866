"""Attacks on money and rank. Each ends with both where they should be, to the cent."""

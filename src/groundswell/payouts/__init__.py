"""Paying out: who is paid where, runs that two people make, the bank's files, and what the bank said of them."""

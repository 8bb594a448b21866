"""Finance's pages: pools, the ledger, statements, payouts."""

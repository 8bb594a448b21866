"""Who is owed what: a double-entry ledger, pools divided over eligible views, statements and payouts."""

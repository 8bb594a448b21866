"""Events that pages and services report: authenticated, parsed, checked, acknowledged once they are on disk."""

"""Trust & safety's pages: reports and decisions."""

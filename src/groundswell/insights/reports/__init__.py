"""Reports: the funnel, K, cascades, breakdowns, and the rows behind each number."""

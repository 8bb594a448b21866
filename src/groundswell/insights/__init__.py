"""How well the loop turns: the funnel, K, cycle time, cascades, and the evidence behind each number."""

"""What there is to clip: titles, their sources, lines, shots and rights."""

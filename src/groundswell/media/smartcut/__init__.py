"""Smart cut: the middle of a clip copied bit for bit, its edges encoded to stand beside it."""

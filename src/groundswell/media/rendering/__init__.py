"""Renditions that are encoded anew: shape, colour, captions, end card."""

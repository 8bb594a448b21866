"""Moments as their makers see them: made, changed, listed, deleted."""

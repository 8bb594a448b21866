"""Clips: recipes, renditions, collections, My Moments."""

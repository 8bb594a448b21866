"""Trending: what staff decide of scenes, how many votes one will have, and who is told."""

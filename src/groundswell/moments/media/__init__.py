"""The media of moments: recipes rendered once, served, streamed, evicted."""

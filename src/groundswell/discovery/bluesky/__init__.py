"""A custom feed of Bluesky: posts of moments, in the order in which their scenes are catching on."""

"""Titles whose media stay where the service keeps them: its HLS and DASH ladders, and MP4 at an address."""

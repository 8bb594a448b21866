"""A streaming service's own ladders (HLS, CMAF, DASH): indexed from their playlists, read one stretch at a time."""

"""Subtitles: read, clipped, written as WebVTT, drawn into the picture, split into sentences."""

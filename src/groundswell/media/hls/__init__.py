"""Titles packaged as CMAF HLS, and exact clips of them made of byte ranges."""

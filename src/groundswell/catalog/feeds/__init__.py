"""Catalogues as files and feeds: read line by line, synced into the catalogue."""

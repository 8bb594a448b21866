"""Content credentials (C2PA): what a file is, where it is from, and who signed that."""

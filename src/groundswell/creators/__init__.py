"""The people behind the moments: profiles, codes, and what their moments brought."""

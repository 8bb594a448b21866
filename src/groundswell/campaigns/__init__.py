"""Campaigns: made with terms that stay as they were, ended, and what each brought by its own rule."""

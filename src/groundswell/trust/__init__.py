"""Decisions about what may be shown: policy, reports, takedowns, moderation."""

"""Who may read reports."""

from groundswell.accounts.access import staff_or_service

reader = staff_or_service("insights.read")
"""A dependency: staff who read reports, or a service key with ``reports:read``."""

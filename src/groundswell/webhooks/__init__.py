"""Telling the service what happened, by Standard Webhooks."""

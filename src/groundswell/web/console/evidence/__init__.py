"""The rows behind a number: events, conversions, credits, cascades."""

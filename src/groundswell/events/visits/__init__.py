"""Visits by way of a link: recorded before they are answered, with the touch token that they hand on."""

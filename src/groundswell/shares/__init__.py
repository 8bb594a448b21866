"""Links, landing pages, cards for unfurlers, embeds."""

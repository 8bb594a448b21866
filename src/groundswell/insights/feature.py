"""This folder as a feature."""

from groundswell.platform.features import Feature, MenuEntry, Section

MENU = {
    "/console/loop": "Overview",
    "/console/explore": "Explore",
    "/console/cohorts": "Cohorts and K",
    "/console/campaigns": "Campaigns",
    "/console/experiments": "Experiments",
    "/console/traffic": "Traffic quality",
    "/console/live": "Live",
    "/console/weekly": "Weekly report",
    "/console/trending": "Trending",
    "/console/views": "Saved views",
    "/console/previews": "Preview lab",
}

REACHED_FROM_NUMBERS = ("credits", "events", "moments", "shares", "conversions")

FEATURE = Feature(
    about="funnel, K, cascades",
    above="attribution",
    step="see it",
    tags={"reports": "How well the loop turns.", "experiments": "Experiments and what they found."},
    sections=(
        Section(
            "Loop", "/console/loop", "marketer", "What shares bring: clicks, plays, sign-ups, subscriptions.", place=10
        ),
    ),
    menu=(
        *(MenuEntry("Loop", path, label) for path, label in MENU.items()),
        MenuEntry("Trust", "/console/traffic", MENU["/console/traffic"]),
        *(MenuEntry("Loop", f"/console/{evidence}") for evidence in REACHED_FROM_NUMBERS),
    ),
)

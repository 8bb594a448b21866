"""This folder as a feature."""

from groundswell.platform.features import Feature, MenuEntry

FEATURE = Feature(
    about="campaigns, each with the rule by which its credit is reckoned",
    above="insights",
    step="see it",
    tags={"campaigns": "Campaigns, each with the rule by which its credit is reckoned, and what they brought."},
    menu=(MenuEntry("Loop", "/console/shortlist", "Shortlist"),),
)

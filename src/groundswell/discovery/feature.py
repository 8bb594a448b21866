"""This folder as a feature."""

from groundswell.platform.features import Feature, MenuEntry

FEATURE = Feature(
    about="heat, scenes, Discover",
    above="attribution",
    step="see it",
    tags={"discovery": "What is catching on."},
    menu=(MenuEntry("Trust", "/console/trending", "Trending"),),
)

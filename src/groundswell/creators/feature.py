"""This folder as a feature."""

from groundswell.platform.features import Feature, MenuEntry

FEATURE = Feature(
    about="profiles, codes, results",
    above="attribution",
    step="see it",
    tags={"creators": "Creators' profiles, applications, terms, channels and results."},
    menu=(MenuEntry("Loop", "/console/creators", "Creators"),),
)

"""This folder as a feature."""

from groundswell.platform.features import Feature, MenuEntry

FEATURE = Feature(
    about="follows, blocks, reactions, comments, collections",
    above="attribution",
    step="meet",
    tags={"community": "People around a moment: follows, blocks, reactions, comments, collections."},
    menu=(MenuEntry("Trust", "/console/comments", "Comments"),),
)

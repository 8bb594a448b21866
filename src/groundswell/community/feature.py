"""This folder as a feature."""

from groundswell.platform.features import Feature, MenuEntry

FEATURE = Feature(
    about="follows, blocks, reactions, comments",
    above="attribution",
    step="meet",
    tags={"community": "People around a moment: follows, blocks, reactions, comments."},
    menu=(MenuEntry("Trust", "/console/comments", "Comments"),),
)

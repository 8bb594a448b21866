"""This folder as a feature."""

from groundswell.platform.features import Feature

FEATURE = Feature(
    about="follows, blocks, reactions",
    above="attribution",
    step="meet",
    tags={"community": "People around a moment: follows, blocks, reactions."},
)

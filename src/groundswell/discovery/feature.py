"""This folder as a feature."""

from groundswell.platform.features import Feature

FEATURE = Feature(
    about="heat, scenes, Discover",
    above="attribution",
    step="see it",
    tags={"discovery": "What is catching on."},
)

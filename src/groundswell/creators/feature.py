"""This folder as a feature."""

from groundswell.platform.features import Feature

FEATURE = Feature(
    about="profiles, codes, results",
    above="attribution",
    step="see it",
    tags={"creators": "Creators' profiles and results."},
)

"""This folder as a feature."""

from groundswell.platform.features import Feature

FEATURE = Feature(
    about="clips and the media made from them",
    above="trust",
    step="clip",
    tags={"moments": "Viewers' clips.", "media": "What plays: the media of moments."},
)

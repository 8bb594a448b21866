"""This folder as a feature."""

from groundswell.platform.features import Feature

FEATURE = Feature(
    about="touches, conversions, credit",
    above="events",
    step="subscribe",
    tags={"attribution": "Conversions that the service reports, and being forgotten."},
)

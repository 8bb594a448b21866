"""This folder as a feature."""

from groundswell.platform.features import Feature

FEATURE = Feature(
    about="the demo service: films, identity, billing, audience",
    above="web",
    product=False,
)

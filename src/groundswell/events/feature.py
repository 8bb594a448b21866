"""This folder as a feature."""

from groundswell.platform.features import Feature

FEATURE = Feature(
    about="the event log, robot verdicts, the redirect, sealing into the lake",
    above="shares",
    step="visit",
    tags={"events": "What happened."},
)

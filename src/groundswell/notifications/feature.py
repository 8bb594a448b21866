"""This folder as a feature."""

from groundswell.platform.features import Feature

FEATURE = Feature(
    about="notifications: an inbox grouped by subject, live, by mail and by web push",
    above="webhooks",
    step="hear back",
    tags={"notifications": "What a viewer is told of: their inbox, what they want to hear and how, web push."},
)

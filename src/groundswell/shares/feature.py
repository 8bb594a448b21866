"""This folder as a feature."""

from groundswell.platform.features import Feature

FEATURE = Feature(
    about="links with parent, root and generation; cards for link previews",
    above="moments",
    step="share",
    tags={
        "shares": "Links by which moments are sent, each with its parent, root and generation.",
        "links": "What goes with a share link.",
    },
)

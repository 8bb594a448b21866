"""This folder as a feature."""

from groundswell.platform.features import Feature, MenuEntry, Section

FEATURE = Feature(
    about="titles, sources, lines, shots, rights rules",
    above="accounts",
    step="watch",
    tags={"catalog": "Titles, their lines and media, and the rules for clipping them."},
    sections=(
        Section("Rights", "/console/rights", "rights", "What may be clipped of each title, and how much.", place=20),
    ),
    menu=(
        MenuEntry("Rights", "/console/rights", "Rules"),
        MenuEntry("Rights", "/console/catalogue", "Catalogue"),
        MenuEntry("Rights", "/console/previews"),
    ),
)

"""This folder as a feature."""

from groundswell.platform.features import Feature, Section

FEATURE = Feature(
    about="notes that staff leave each other",
    above="earnings",
    tags={"scratch": "Notes that staff leave each other."},
    sections=(Section("Notes", "/console/notes", "trust", "What others should know.", place=50),),
)

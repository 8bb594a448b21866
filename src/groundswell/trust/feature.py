"""This folder as a feature."""

from groundswell.platform.features import Feature, MenuEntry, Section

FEATURE = Feature(
    about="policy, decisions, reports, takedowns",
    above="catalog",
    step="be refused",
    tags={"trust": "Decisions, reports, and what the rules allow."},
    sections=(
        Section("Trust", "/console/trust", "trust", "Reports from viewers, moments taken down, decisions.", place=30),
    ),
    menu=(
        MenuEntry("Trust", "/console/trust", "Reports"),
        MenuEntry("Trust", "/console/reviews", "Queue"),
        MenuEntry("Trust", "/console/appeals", "Appeals"),
        MenuEntry("Trust", "/console/transparency", "Transparency"),
        MenuEntry("Trust", "/console/cases", "Fraud desk"),
    ),
)

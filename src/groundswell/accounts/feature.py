"""This folder as a feature."""

from groundswell.platform.features import Feature, MenuEntry, Section

FEATURE = Feature(
    about="who is asking: viewers by the service's token, services by key",
    above=None,
    step="subscribe",
    tags={"accounts": "Who is asking."},
    sections=(Section("Audit log", "/console/audit", "admin", "Who did what, when and from where.", place=90),),
    menu=(
        MenuEntry("Audit log", "/console/audit", "Audit log"),
        MenuEntry("Audit log", "/console/staff", "Staff"),
        MenuEntry("Audit log", "/console/jobs", "Failed jobs"),
    ),
)

"""This folder as a feature."""

from groundswell.platform.features import Feature, MenuEntry, Section

FEATURE = Feature(
    about="webhooks: what the service is told, in order and at least once",
    above="earnings",
    step="subscribe",
    tags={"webhooks": "Addresses of yours that are told what happened, and what became of each message."},
    sections=(
        Section(
            "Connections",
            "/console/connections",
            "admin",
            "How your service and this one are joined: keys, webhooks, sign-in.",
            place=80,
        ),
    ),
    menu=(
        MenuEntry("Connections", "/console/connections", "Overview"),
        MenuEntry("Connections", "/console/connections/keys", "Service keys"),
        MenuEntry("Connections", "/console/connections/webhooks", "Webhooks"),
    ),
)

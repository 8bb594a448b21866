"""This folder as a feature."""

from groundswell.platform.features import Feature, MenuEntry

FEATURE = Feature(
    about="payees, payout runs, bank files",
    above="earnings",
    step="see it",
    tags={"payouts": "Where creators are paid, runs that two people make, and what the bank said of them."},
    menu=(
        MenuEntry("Finance", "/console/finance/runs", "Payout runs"),
        MenuEntry("Finance", "/console/finance/months", "Months to close"),
        MenuEntry("Finance", "/console/finance/exceptions", "Bank and exceptions"),
    ),
)

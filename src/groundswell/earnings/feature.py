"""This folder as a feature."""

from groundswell.platform.features import Feature, MenuEntry, Section

FEATURE = Feature(
    about="ledger, pools, statements, payouts",
    above="campaigns",
    step="see it",
    tags={"earnings": "Pools, statements, payouts and the ledger."},
    sections=(
        Section(
            "Finance", "/console/finance", "finance", "Pools, statements, payouts and the ledger behind them.", place=40
        ),
    ),
    menu=(
        MenuEntry("Finance", "/console/finance", "Overview"),
        MenuEntry("Finance", "/console/finance/trail", "Audit"),
        MenuEntry("Finance", "/console/finance/rates", "Exchange rates"),
        MenuEntry("Finance", "/console/cases", "Fraud desk"),
        MenuEntry("Finance", "/console/traffic", "Traffic quality"),
    ),
)

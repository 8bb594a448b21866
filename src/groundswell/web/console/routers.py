"""The console's routers, in the order in which addresses are matched."""

from . import audit, catalogue, connections, jobs, previews, saved_views, shell, staff, time_zone
from .evidence import cascade, conversion, credits, event, events
from .finance import audit_trail, bank, exchange_rates, ledger, months, payout_runs
from .finance import overview as finance
from .loop import (
    campaign_pay,
    campaigns,
    cohorts,
    creators,
    experiments,
    explore,
    live,
    programme_import,
    shortlist,
    traffic,
    trending,
    weekly,
)
from .loop import overview as loop
from .rights import draft, rules, simulator
from .trust import appeals, comments, fraud_desk, moderation, reviews, transparency

sections = (
    shell,
    audit,
    audit_trail,
    bank,
    months,
    payout_runs,
    jobs,
    staff,
    campaign_pay,
    shortlist,
    campaigns,
    catalogue,
    connections,
    cohorts,
    programme_import,
    creators,
    conversion,
    credits,
    draft,
    events,
    event,
    experiments,
    explore,
    exchange_rates,
    finance,
    ledger,
    live,
    loop,
    cascade,
    previews,
    rules,
    simulator,
    time_zone,
    traffic,
    trending,
    moderation,
    comments,
    reviews,
    appeals,
    transparency,
    fraud_desk,
    saved_views,
    weekly,
)
routers = [section.router for section in sections]

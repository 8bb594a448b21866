"""The console's and the creators' routers, in the order in which addresses are matched."""

from . import (
    console,
    console_conversions,
    console_draft,
    console_events,
    console_finance,
    console_ledger,
    console_loop,
    console_rights,
    console_simulator,
    console_trust,
    creators,
)

rooms = (
    console,
    console_conversions,
    console_draft,
    console_events,
    console_finance,
    console_ledger,
    console_loop,
    console_rights,
    console_simulator,
    console_trust,
    creators,
)
routers = [room.router for room in rooms]

"""One conversion and everything behind it: the number on a marketer's screen, down to the raw rows."""

import json
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from groundswell.accounts.access import Caller
from groundswell.attribution.tables import Conversion
from groundswell.insights.reports.credit_rows import find_conversion
from groundswell.insights.reports.evidence import Cascade, Evidence, evidence_of
from groundswell.platform.csv_response import csv_file
from groundswell.platform.problems import NotFound
from groundswell.platform.routing import DbSession
from groundswell.shares.channels import channel_name
from groundswell.web.console.shell import ConsoleRoute, staff_page
from groundswell.web.templating import page

from .cascade_layout import Drawing, lay_out

router = APIRouter(prefix="/console/conversions", route_class=ConsoleRoute)

POWER = "insights.view"
Marketer = Annotated[Caller, Depends(staff_page(POWER))]

KINDS = {
    "clip": "Clip",
    "share": "Share",
    "unfurl": "Link preview",
    "click": "Click",
    "continue": "Continue watching",
    "view": "View of an embed or in the app",
    "play": "Play",
    "react": "Reaction",
    "sign_up": "Sign-up",
    "trial": "Trial",
    "subscription": "Subscription",
    "renewal": "Renewal",
    "refund": "Refund",
    "cancellation": "Cancellation",
    "churn": "Churn",
}
"""What each kind of event is called on pages."""

MODELS = {
    "last": "Last touch",
    "first": "First touch",
    "linear": "Linear: the same to each",
    "position": "Position: 40 % first, 40 % last, 20 % between",
    "time_decay": "Time decay: half as much for a week earlier",
    "shapley": "Shapley: the same to each channel",
    "markov": "Markov: by what would be lost without the channel",
}
"""What each credit model is called on pages."""


async def _found(session: DbSession, conversion_id: UUID) -> Conversion:
    conversion = await find_conversion(session, conversion_id)
    if conversion is None:
        raise NotFound("There is no such conversion.")
    return conversion


@router.get("/{conversion_id}")
async def read_conversion(request: Request, conversion_id: UUID, session: DbSession, caller: Marketer) -> Response:
    """The tree of re-shares behind a conversion, its touches, credits and events."""
    evidence = await evidence_of(session, await _found(session, conversion_id))
    return page(
        request,
        "console/evidence/conversion.html",
        caller=caller,
        evidence=evidence,
        cascade=evidence.cascade,
        touch_count=len(evidence.touches),
        drawing=picture(evidence.cascade) if evidence.cascade else None,
        channel=channel_name,
        kinds=KINDS,
        models=MODELS,
        inputs=lambda event: json.dumps(event.inputs, ensure_ascii=False, indent=1) if event.inputs else "",
    )


def picture(cascade: Cascade) -> Drawing[UUID]:
    """The cascade laid out, with the way to the conversion never folded."""
    parents = {id: seen.share.parent_id for id, seen in cascade.shares.items()}
    return lay_out(parents, [seen.share.id for seen in cascade.way])


@router.get("/{conversion_id}/events.csv")
async def download_events(conversion_id: UUID, session: DbSession, caller: Marketer) -> Response:
    """The events behind a conversion, as logged."""
    evidence = await evidence_of(session, await _found(session, conversion_id))
    header = "at id kind share_id moment_id title_id visitor viewer_id channel territory amount_minor currency verdict"
    header += " verdict_reason verdict_rule logged_verdict"
    rows = (_row(event, header.split()) for event in evidence.events)
    return csv_file(f"conversion-{conversion_id}-events", header.split(), rows)


@router.get("/{conversion_id}/credits.csv")
async def download_credits(conversion_id: UUID, session: DbSession, caller: Marketer) -> Response:
    """The credit given for a conversion, by every model."""
    evidence: Evidence = await evidence_of(session, await _found(session, conversion_id))
    header = "model model_version touch_id share_id moment_id channel weight_ppm amount_minor currency"
    rows = (_row(credit, header.split()) for credits in evidence.credits.values() for credit in credits)
    return csv_file(f"conversion-{conversion_id}-credits", header.split(), rows)


def _row(thing: Any, names: list[str]) -> list[object]:
    return [getattr(thing, name) for name in names]


def model_name(name: str) -> str:
    """What a credit model is called on pages."""
    return MODELS.get(name, name.replace("_", " ").capitalize())

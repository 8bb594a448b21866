"""What the features below tell, as messages of the outbox."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.attribution.models import DEFAULT_MODEL, MODELS_VERSION
from groundswell.attribution.signals import Credited, Rejudged
from groundswell.attribution.tables import Conversion, Credit, Touch
from groundswell.catalog.signals import RightsChanged
from groundswell.catalog.tables import RightsRule, Series, Title
from groundswell.creators.tables import Creator
from groundswell.discovery.signals import AlertRaised, SceneRising
from groundswell.earnings.signals import PayoutsMade, StatementPosted
from groundswell.moments.signals import MomentChanged, MomentCreated, MomentDeleted
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.signals import on
from groundswell.shares.signals import ShareCreated
from groundswell.trust.grounds import SEVERE
from groundswell.trust.reports import subject_of
from groundswell.trust.signals import Lifted, ReportTakenIn, Restricted
from groundswell.trust.tables import Decision

from .kinds import Kind
from .outbox import is_wanted, tell

SALES: dict[str, Kind] = {
    "sign_up": "sign_up.credited",
    "trial": "subscription.credited",
    "subscription": "subscription.credited",
    "renewal": "subscription.credited",
}
STOPS_CLIPPING = ("hide", "hold")


@on(MomentCreated)
async def clipped(session: AsyncSession, signal: MomentCreated) -> None:
    await _moment(session, "moment.created", signal.moment, signal.moment.created_at, id=signal.moment.id)


@on(MomentChanged)
async def changed(session: AsyncSession, signal: MomentChanged) -> None:
    await _moment(session, "moment.changed", signal.moment, utc_now())


@on(MomentDeleted)
async def deleted(session: AsyncSession, signal: MomentDeleted) -> None:
    await _moment(session, "moment.deleted", signal.moment, signal.moment.deleted_at or utc_now())


async def _moment(
    session: AsyncSession, kind: Kind, moment: Moment, at: datetime, id: UUID | None = None, **more: Any
) -> None:
    if not await is_wanted(session, kind):
        return
    data = {
        "moment_id": moment.id,
        "moment": moment.code,
        **await _title(session, moment.title_id),
        "start_us": moment.start_us,
        "end_us": moment.end_us,
        "visibility": moment.visibility,
        **more,
    }
    await tell(session, kind, f"moment:{moment.id}", at, data, people={"viewer": moment.viewer_id}, id=id)


async def _title(session: AsyncSession, title_id: UUID) -> dict[str, Any]:
    return {"title_id": title_id, "title": await session.scalar(select(Title.external_id).filter_by(id=title_id))}


@on(ShareCreated)
async def shared(session: AsyncSession, signal: ShareCreated) -> None:
    share = signal.share
    if await is_wanted(session, "share.created"):
        data = {
            "share_id": share.id,
            "moment_id": share.moment_id,
            "channel": share.channel,
            "generation": share.generation,
            "root_id": share.root_id,
        }
        people = {"viewer": share.viewer_id}
        await tell(session, "share.created", f"share:{share.id}", share.created_at, data, people=people, id=share.id)


@on(Credited)
async def credited(session: AsyncSession, signal: Credited) -> None:
    """A conversion without credit is the service's own news, and nothing is said of it."""
    conversion, given = signal.conversion, [each for each in signal.credits if each.weight_ppm]
    kind = "subscription.reversed" if conversion.kind == "refund" else SALES.get(conversion.kind)
    if kind is None or not given or not await is_wanted(session, kind):
        return
    data = _sale(conversion) | {"credits": [_credit(each) for each in given]}
    if conversion.kind == "refund":
        data |= {"because": "refund", "original_id": conversion.original_id}
    people = {"viewer": conversion.viewer_id}
    subject = f"conversion:{conversion.original_id or conversion.id}"
    await tell(session, kind, subject, conversion.at, data, people=people, id=conversion.id)


@on(Rejudged)
async def rejudged(session: AsyncSession, signal: Rejudged) -> None:
    """Sales whose visit turns out to be no person's lose their credit; they have it again when it is one after all."""
    if not any([await is_wanted(session, kind) for kind in ("subscription.reversed", *set(SALES.values()))]):
        return
    sold = select(Conversion, Credit).join(Credit, Credit.conversion_id == Conversion.id)
    sold = sold.join(Touch, Touch.id == Credit.touch_id).where(Touch.event_id == signal.event_id)
    sold = sold.where(Credit.model == DEFAULT_MODEL, Credit.model_version == MODELS_VERSION)
    for sale, credit in (await session.execute(sold.where(Conversion.kind.in_(SALES)))).all():
        kind = SALES[sale.kind] if signal.kind == "human" else "subscription.reversed"
        data = _sale(sale) | {"credits": [_credit(credit)], "because": "verdict", "original_id": sale.id}
        await tell(session, kind, f"conversion:{sale.id}", utc_now(), data, people={"viewer": sale.viewer_id})


def _sale(conversion: Conversion) -> dict[str, Any]:
    return {
        "conversion_id": conversion.id,
        "conversion": conversion.external_id,
        "conversion_kind": conversion.kind,
        "at": conversion.at.isoformat(),
        "amount_minor": conversion.amount_minor,
        "currency": conversion.currency,
    }


def _credit(credit: Credit) -> dict[str, Any]:
    return {
        "model": credit.model,
        "share_id": credit.share_id and str(credit.share_id),
        "weight_ppm": credit.weight_ppm,
        "amount_minor": credit.amount_minor,
    }


@on(SceneRising)
async def rising(session: AsyncSession, signal: SceneRising) -> None:
    scene = signal.scene
    if await is_wanted(session, "scene.trending"):
        data = {
            "scene_id": scene.id,
            **await _title(session, scene.title_id),
            "start_us": scene.start_us,
            "end_us": scene.end_us,
            "best_moment_id": scene.best_moment_id,
            "moments": scene.moments,
            "people": scene.people,
        }
        await tell(session, "scene.trending", f"scene:{scene.id}", scene.refreshed_at, data)


@on(AlertRaised)
async def alerted(session: AsyncSession, signal: AlertRaised) -> None:
    alert, hit = signal.alert, signal.hit
    if await is_wanted(session, "scene.forecast"):
        numbers = {name: getattr(hit, name) for name in ("seen", "expected", "low", "high")}
        about = {"scene_id": hit.scene_id, **await _title(session, signal.title_id)}
        data = about | {"alert_id": alert.id, "threshold": alert.threshold} | numbers
        await tell(session, "scene.forecast", f"scene:{hit.scene_id}", hit.at, data)


@on(RightsChanged)
async def ruled(session: AsyncSession, signal: RightsChanged) -> None:
    """A rule that forbids sharing makes what it speaks of unclippable."""
    rule = await session.get(RightsRule, signal.rule_id)
    if rule is None or rule.sharing is not False or not await is_wanted(session, "title.unclippable"):
        return
    data: dict[str, Any] = {"scope": signal.scope, "territory": signal.territory, "reason_code": "sharing_off"}
    key, _, season = signal.scope_key.partition("/")
    if signal.scope == "title":
        data |= await _title(session, UUID(key))
    elif signal.scope != "all":
        data["series"] = await session.scalar(select(Series.slug).filter_by(id=UUID(key)))
        data["season"] = int(season) if season else None
    await tell(session, "title.unclippable", f"{signal.scope}:{signal.scope_key}", utc_now(), data)


@on(StatementPosted)
async def stated(session: AsyncSession, signal: StatementPosted) -> None:
    statement, pool = signal.statement, signal.pool
    if await is_wanted(session, "statement.ready"):
        about = {"statement_id": statement.id, "pool_id": pool.id, "period": pool.period}
        data = about | {"amount_minor": statement.amount_minor, "currency": pool.currency}
        await _earned(session, "statement.ready", statement.creator_id, statement.posted_at or utc_now(), data)


@on(PayoutsMade)
async def paid(session: AsyncSession, signal: PayoutsMade) -> None:
    for payout in signal.payouts if await is_wanted(session, "payout.made") else ():
        data = {"payout_id": payout.id, "amount_minor": payout.amount_minor, "currency": payout.currency}
        await _earned(session, "payout.made", payout.creator_id, utc_now(), data)


async def _earned(session: AsyncSession, kind: Kind, creator_id: UUID, at: datetime, data: dict[str, Any]) -> None:
    creator = await session.get_one(Creator, creator_id)
    people = {"viewer": creator.viewer_id}
    await tell(session, kind, f"creator:{creator.id}", at, data | {"creator_id": creator.id}, people=people)


@on(ReportTakenIn)
async def reported(session: AsyncSession, signal: ReportTakenIn) -> None:
    """Who reported, and in which words, stays with trust."""
    report = signal.report
    if report.reason_code in SEVERE or not await is_wanted(session, "report.taken"):
        return
    kind, subject = subject_of(report)
    data = {"report_id": report.id, "report_kind": report.kind, "reason_code": report.reason_code}
    data |= {"subject_kind": kind, "subject_id": subject}
    await tell(session, "report.taken", f"{kind}:{subject}", report.created_at, data)


@on(Restricted)
async def restricted(session: AsyncSession, signal: Restricted) -> None:
    decision = signal.decision
    await _decision(session, "decision.taken", decision, decision.created_at)
    if decision.action not in STOPS_CLIPPING:
        return
    if decision.subject_kind == "moment" and (moment := await session.get(Moment, decision.subject_id)) is not None:
        await _moment(session, "moment.taken_down", moment, decision.created_at, reason_code=decision.reason_code)
    elif decision.subject_kind == "title" and await is_wanted(session, "title.unclippable"):
        about = await _title(session, decision.subject_id)
        data = {"scope": "title", **about, "territory": None, "reason_code": decision.reason_code}
        await tell(session, "title.unclippable", f"title:{decision.subject_id}", decision.created_at, data)


@on(Lifted)
async def lifted(session: AsyncSession, signal: Lifted) -> None:
    await _decision(session, "decision.lifted", signal.decision, signal.decision.lifted_at or utc_now())


async def _decision(session: AsyncSession, kind: Kind, decision: Decision, at: datetime) -> None:
    """A restriction of a viewer names nobody but by our own id: who it is stays with trust."""
    if await is_wanted(session, kind):
        fields = ("subject_kind", "subject_id", "action", "reason_code", "rule")
        data = {"decision_id": decision.id} | {field: getattr(decision, field) for field in fields}
        await tell(session, kind, f"{decision.subject_kind}:{decision.subject_id}", at, data)

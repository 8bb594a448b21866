"""What the event log hears from the features below, and records in their transaction."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.moments.signals import MomentCreated
from groundswell.platform import signals
from groundswell.shares.signals import SentFrom, ShareCreated

from .event import Event, day_of
from .log.event_log import record
from .tables import VisitorSalt
from .traffic.client import ClientEvidence, see


@signals.on(MomentCreated)
async def record_clip(session: AsyncSession, made: MomentCreated) -> None:
    moment = made.moment
    await record(
        session,
        Event(
            kind="clip",
            id=moment.id,
            at=moment.created_at,
            moment_id=moment.id,
            title_id=moment.title_id,
            viewer_id=moment.viewer_id,
        ),
    )


@signals.on(ShareCreated)
async def record_share(session: AsyncSession, made: ShareCreated) -> None:
    share, moment = made.share, made.moment
    seen = None if made.sent_from is None else await _seen(session, made.sent_from, share.created_at)
    await record(
        session,
        Event(
            kind="share",
            at=share.created_at,
            id=share.id,
            share_id=share.id,
            moment_id=moment.id,
            title_id=moment.title_id,
            viewer_id=share.viewer_id,
            channel=share.channel,
            **({} if seen is None else _judged(seen)),
        ),
    )


async def _seen(session: AsyncSession, sent_from: SentFrom, at: datetime) -> ClientEvidence:
    """A visitor who shares is judged as one who visits is."""
    salt = await session.scalar(select(VisitorSalt.salt).filter_by(day=day_of(at)))
    seen = see(sent_from.headers, sent_from.address, salt or b"")
    return seen if salt else replace(seen, visitor=None)


def _judged(seen: ClientEvidence) -> dict[str, Any]:
    verdict = seen.verdict
    return {
        "visitor": seen.visitor,
        "verdict": verdict.kind,
        "verdict_reason": verdict.reason,
        "verdict_rule": verdict.rule,
        "inputs": seen.inputs,
    }

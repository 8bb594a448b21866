"""Recording a conversion: checked, bound to its touches, credited by every model, logged; all or nothing."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import viewer_of
from groundswell.accounts.tables import Viewer
from groundswell.accounts.tokens import Claims
from groundswell.events.event import Event
from groundswell.events.log.event_log import record
from groundswell.events.tables import JudgedEvent
from groundswell.events.traffic.verdicts import Verdict, doubted
from groundswell.platform import signals
from groundswell.platform.clock import utc_now
from groundswell.platform.currencies import in_use
from groundswell.platform.ids import uuid7
from groundswell.platform.locks import Lock, lock
from groundswell.platform.settings import Settings

from .credits import credit_refund, credit_touches, credits_of
from .erasure import erased_id
from .providers import creator_of_code
from .refusals import (
    AmountMissing,
    CodeUnknown,
    ConversionConflict,
    ConversionErased,
    ConversionInFuture,
    ConversionTooOld,
    CurrencyMismatch,
    CurrencyUnknown,
    DayUnexpected,
    OriginalUnexpected,
    OriginalUnknown,
    RefundBeforeSale,
    RefundExceedsSale,
    RefundWithoutSale,
    ViewerNotReported,
)
from .schemas import NewConversion
from .signals import Credited, TokenShared
from .tables import Conversion, Credit
from .touches import bind, bind_code, referred

CLOCKS_DIFFER = timedelta(minutes=5)
TAKE_BACK = frozenset({"refund", "churn"})
"""What must name the sale that it is about."""
PAID = frozenset({"subscription", "renewal", "refund"})
CODES_COUNT = frozenset({"sign_up", "trial", "subscription"})
"""Where a code that came with it leads there; what comes later was won already."""

SALES = frozenset({"trial", "subscription", "renewal"})
"""What can be refunded (a trial may have cost something)."""


async def report(
    session: AsyncSession, settings: Settings, new: NewConversion
) -> tuple[Conversion, Sequence[Credit], bool]:
    """Record ``new`` in the caller's transaction; the flag says whether it was new.

    Raises:
        Problem: a refusal of ``refusals.py``, or ``TouchForged``.
    """
    # Reports of one id, and refunds of one sale, take turns.
    for id in sorted({new.id, new.original or new.id}):  # in order, so that no two wait for each other
        await lock(session, Lock.CONVERSION, id)
    known = await session.scalar(select(Conversion).filter_by(external_id=new.id))
    if known is not None:
        await _refuse_other_content(session, settings, new, known)
        return known, await credits_of(session, known.id), False
    if await session.scalar(select(Conversion.id).filter_by(external_id=erased_id(new.id))) is not None:
        raise ConversionErased()
    first = await _signed_up(session, settings, new.viewer) if new.kind == "sign_up" else None
    _refuse_times(settings, new)
    _refuse_money(new)
    if (new.kind == "churn") != (new.day is not None):
        raise DayUnexpected()
    viewer = await _viewer(session, settings, new)
    original = await _original(session, new, viewer.id)
    astray = await _bind(session, settings, new, viewer.id, again=first is not None)
    conversion_id = uuid7()
    if astray is not None and astray.verdict == "human":
        sign_up = conversion_id if new.kind == "sign_up" and first is None else None
        await signals.send(session, TokenShared(astray.id, astray.at, viewer.id, new.at, sign_up))
    if first is not None:
        return first, await credits_of(session, first.id), False
    conversion = Conversion(
        id=conversion_id,
        external_id=new.id,
        kind=new.kind,
        viewer_id=viewer.id,
        at=new.at,
        amount_minor=new.amount.minor if new.amount else None,
        currency=new.amount.currency if new.amount else None,
        original_id=original.id if original else None,
        touch=new.touch,
        code=new.code,
        day=new.day,
    )
    session.add(conversion)
    await session.flush()
    given = (
        await credit_refund(session, conversion, original)
        if original is not None and new.kind == "refund"
        else await credit_touches(session, conversion, settings.attribution_window_days)
    )
    await record(session, logged(conversion, given, astray))
    await signals.send(session, Credited(conversion, given))
    return conversion, given, True


def logged(conversion: Conversion, credits: Sequence[Credit], astray: JudgedEvent | None) -> Event:
    """The conversion as an event, placed where the last-touch model puts it; ``astray`` is the visit of a token that is
    another's."""
    last = next((credit for credit in credits if credit.model == "last" and credit.weight_ppm), None)
    sign = -1 if conversion.kind == "refund" else 1
    verdict = reason = rule = None
    if conversion.kind == "sign_up" and astray is not None and last is None:
        doubt = _doubt(astray)
        verdict, reason, rule = doubt.kind, doubt.reason, doubt.rule
    return Event(
        kind=conversion.kind,  # type: ignore[arg-type]
        at=conversion.at,
        id=conversion.id,
        viewer_id=conversion.viewer_id,
        share_id=last.share_id if last else None,
        moment_id=last.moment_id if last else None,
        title_id=last.title_id if last else None,
        channel=last.channel if last else None,
        amount_minor=None if conversion.amount_minor is None else sign * conversion.amount_minor,
        currency=conversion.currency,
        verdict=verdict,
        verdict_reason=reason,
        verdict_rule=rule,
    )


def _doubt(astray: JudgedEvent) -> Verdict:
    """Why nobody can say whether who signs up with the token of ``astray`` is new here."""
    return doubted("token_sharing" if astray.verdict == "human" else "token_of_no_person")


async def _refuse_other_content(
    session: AsyncSession, settings: Settings, new: NewConversion, known: Conversion
) -> None:
    subject = await session.scalar(select(Viewer.subject).filter_by(id=known.viewer_id))
    original = await session.scalar(select(Conversion.external_id).filter_by(id=known.original_id))
    amount = (new.amount.minor, new.amount.currency) if new.amount else (None, None)
    given = (new.kind, new.viewer, new.at, amount, new.touch, new.original, new.code, new.day)
    money = (known.amount_minor, known.currency)
    stored = (known.kind, subject, known.at, money, known.touch, original, known.code, known.day)
    names = ("kind", "viewer", "at", "amount", "touch", "original", "code", "day")
    if differing := [name for name, a, b in zip(names, given, stored, strict=True) if a != b]:
        raise ConversionConflict(
            f"Conversion {new.id} was reported before with another {differing[0]}.", differing=differing
        )


def _refuse_times(settings: Settings, new: NewConversion) -> None:
    now = utc_now()
    if new.at > now + CLOCKS_DIFFER:
        raise ConversionInFuture(f"It is {now.isoformat()} here; this is of {new.at.isoformat()}.")
    if new.at < now - timedelta(days=settings.event_max_age_days):
        raise ConversionTooOld(f"This is over {settings.event_max_age_days} days ago.")


def _refuse_money(new: NewConversion) -> None:
    if new.amount is None:
        if new.kind in PAID:
            raise AmountMissing(f"A {new.kind} needs its amount.")
        return
    if new.amount.currency not in in_use():
        raise CurrencyUnknown(f"{new.amount.currency} is no currency that anybody pays in.")


async def _bind(
    session: AsyncSession, settings: Settings, new: NewConversion, viewer_id: UUID, *, again: bool
) -> JudgedEvent | None:
    """Note whose visits these were: by the token passed on, by what the app store passed on, by the code typed. What
    ``bind`` returns of the first of these that says nothing."""
    astray = None
    if new.touch is not None:
        astray = await bind(session, settings, new.touch, viewer_id, new.at)
    installed_from = referred(new.install_referrer) if new.install_referrer else None
    if installed_from is not None:
        installed = await bind(session, settings, installed_from, viewer_id, new.at, "referrer")
        astray = astray or installed
    if new.code is not None:
        creator_id = await creator_of_code(session, new.code.strip().upper())
        if creator_id is None:
            raise CodeUnknown(f"No creator has the code {new.code}.")
        if new.kind in CODES_COUNT and not again:
            await bind_code(session, creator_id, viewer_id, new.at)
    return astray


async def _signed_up(session: AsyncSession, settings: Settings, subject: str) -> Conversion | None:
    """The sign-up of the viewer, who has one whatever ids it is reported under. Two at once take turns."""
    await lock(session, Lock.SIGN_UP, f"{settings.jwt_issuer} {subject}")
    theirs = select(Conversion).join(Viewer, Viewer.id == Conversion.viewer_id)
    theirs = theirs.where(Viewer.issuer == settings.jwt_issuer, Viewer.subject == subject)
    found: Conversion | None = await session.scalar(theirs.where(Conversion.kind == "sign_up").limit(1))
    return found


async def _viewer(session: AsyncSession, settings: Settings, new: NewConversion) -> Viewer:
    if new.kind == "sign_up":
        claims = Claims(settings.jwt_issuer, new.viewer, new.viewer[:80], frozenset(), None, False)
        known = await session.scalar(select(Viewer).filter_by(issuer=settings.jwt_issuer, subject=new.viewer))
        return known or await viewer_of(session, claims)
    viewer = await session.scalar(select(Viewer).filter_by(issuer=settings.jwt_issuer, subject=new.viewer))
    if viewer is None:
        raise ViewerNotReported(f"There is no viewer {new.viewer}; report the sign-up first.")
    return viewer


async def _original(session: AsyncSession, new: NewConversion, viewer_id: UUID) -> Conversion | None:
    """The sale that a refund undoes or a cancellation or churn ends."""
    if new.kind not in {*TAKE_BACK, "cancellation"} and new.original is not None:
        raise OriginalUnexpected()
    if new.kind == "refund":
        return await _refundable(session, new, viewer_id)
    if new.original is None and new.kind not in TAKE_BACK:
        return None
    original = await _sale(session, new.original, viewer_id)
    if original is None:
        raise OriginalUnknown(f"There is no sale {new.original} of this viewer.")
    return original


async def _sale(session: AsyncSession, external_id: str | None, viewer_id: UUID) -> Conversion | None:
    query = select(Conversion).filter_by(external_id=external_id or "", viewer_id=viewer_id)
    return await session.scalar(query.where(Conversion.kind.in_(SALES)))


async def _refundable(session: AsyncSession, new: NewConversion, viewer_id: UUID) -> Conversion:
    """The sale of a refund, when so much of it is left."""
    original = await _sale(session, new.original, viewer_id)
    if original is None or original.amount_minor is None:
        raise RefundWithoutSale(f"There is no sale {new.original} of this viewer.")
    assert new.amount is not None
    if new.amount.currency != original.currency:
        raise CurrencyMismatch(f"The sale was in {original.currency}, this refund is in {new.amount.currency}.")
    if new.at < original.at:
        raise RefundBeforeSale(f"The sale was at {original.at.isoformat()}.")
    refunded = select(func.coalesce(func.sum(Conversion.amount_minor), 0))
    before = await session.scalar(refunded.filter_by(original_id=original.id, kind="refund")) or 0
    left = original.amount_minor - int(before)
    if new.amount.minor > left:
        raise RefundExceedsSale(f"Of this sale {left} {original.currency} (minor units) are left.", left_minor=left)
    return original

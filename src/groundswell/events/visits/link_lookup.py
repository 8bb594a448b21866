"""Where many links lead, in one statement: what is plainly open is answered here, all else is left to ``resolve``.

A link is plainly open when it holds, nothing that it leads to was deleted or restricted, and the title's rules let a
member watch it. Which rules speak of a title is part of the statement; the rules themselves are read once for all
titles of which the same rules speak.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, String, cast, exists, func, literal, literal_column, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.tables import RightsRule, Source, Title
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.shares.channels import OWN_PAGE
from groundswell.shares.tables import Share
from groundswell.trust.policy import PolicyRequest, decide
from groundswell.trust.rulebook import licences_of, rulebook
from groundswell.trust.rules import ANYWHERE, EVERYTHING, RuleBook, TitleFacts
from groundswell.trust.tables import Decision

BOOKS_MAX = 5_000


@dataclass(frozen=True, slots=True)
class OpenLink:
    """A link that is plainly open until ``holds_until`` (None: for good), if nobody changes ``depends_on``."""

    share_id: UUID
    moment_id: UUID
    title_id: UUID
    channel: str
    slug: str
    external_id: str
    watch: dict[str, Any] | None
    start_us: int
    end_us: int
    holds_until: datetime | None
    depends_on: tuple[object, ...]


def _restricted(kind: str, subject: Any) -> Any:
    about = exists().where(Decision.subject_id == subject, Decision.subject_kind == kind, Decision.lifted_at.is_(None))
    return ~about


def _rules() -> Any:
    """The rules that speak of the title, each with the transaction that wrote it as it is now."""
    version = cast(RightsRule.id, String) + literal(" ") + cast(literal_column("rights_rules.xmin"), String)
    season = cast(Title.series_id, String) + literal("/") + cast(Title.season, String)
    of = [("title", cast(Title.id, String)), ("series", cast(Title.series_id, String)), ("season", season)]
    here = [(RightsRule.scope == scope) & (RightsRule.scope_key == key) for scope, key in [*of, EVERYTHING]]
    return select(func.array_agg(aggregate_order_by(version, RightsRule.id))).where(or_(*here)).scalar_subquery()


def _statement() -> Select[Any]:
    """The open ones of some links. A link that ends with others (of a moment that is not public, passed on) is not
    plainly open: those are looked at."""
    columns = (
        *(Share.code, Share.id.label("share_id"), Share.channel, Share.expires_at),
        *(Moment.id.label("moment_id"), Moment.viewer_id, Moment.start_us, Moment.end_us),
        *(Title.id.label("title_id"), Title.slug, Title.series_id, Title.season, Title.released_on, Title.rating),
        *(Title.live, Title.licences, Title.external_id, Title.watch, Title.captioned.label("captioned")),
        *(Source.duration_us, _rules().label("rules")),
    )
    return (
        select(*columns)
        .join(Moment, Moment.id == Share.moment_id)
        .join(Title, Title.id == Moment.title_id)
        .join(Source, (Source.id == Title.current_source_id) & (Source.status == "ready"))
        .where(Share.revoked_at.is_(None), Moment.deleted_at.is_(None))
        .where(or_(Moment.visibility == "public", (Moment.visibility == "unlisted") & Share.parent_id.is_(None)))
        .where(or_(Moment.visibility == "public", Share.channel != OWN_PAGE))
        .where(Title.withdrawn_at.is_(None))
        .where(_restricted("share", Share.id), _restricted("moment", Moment.id), _restricted("title", Title.id))
    )


STATEMENT = _statement()


class LinkLookup:
    """Looks links up by their codes. Keeps the rule books of titles, by the rules that are in them."""

    def __init__(self) -> None:
        self._books: dict[tuple[str, ...], RuleBook] = {}

    async def find(self, session: AsyncSession, codes: Sequence[str]) -> dict[str, OpenLink]:
        """Those of ``codes`` whose links are plainly open."""
        asked_at = utc_now()
        rows = (await session.execute(STATEMENT.where(among(Share.code, codes)))).all()
        found = {}
        for row in rows:
            facts = _facts(row)
            book = await self._book(session, facts, tuple(row.rules or ()))
            if (link := _open(row, facts, book, asked_at)) is not None:
                found[row.code] = link
        return found

    async def _book(self, session: AsyncSession, facts: TitleFacts, versions: tuple[str, ...]) -> RuleBook:
        if not versions:
            return NO_RULES
        book = self._books.get(versions)
        if book is None:
            if len(self._books) >= BOOKS_MAX:
                self._books.clear()
            book = self._books[versions] = await rulebook(session, facts)
        return book


NO_RULES = RuleBook()


def _facts(row: Row[Any]) -> TitleFacts:
    return TitleFacts(
        id=row.title_id,
        duration_us=row.duration_us or 0,
        series_id=row.series_id,
        season=row.season,
        released_on=row.released_on,
        rating=row.rating,
        live=row.live,
        captioned=row.captioned,
        licences=licences_of(row.licences),
    )


def _open(row: Row[Any], facts: TitleFacts, book: RuleBook, at: datetime) -> OpenLink | None:
    if row.expires_at is not None and row.expires_at <= at:
        return None
    target = None if row.channel == OWN_PAGE else row.channel
    request = PolicyRequest(facts, row.start_us, row.end_us, at, ANYWHERE, member=True, target=target)
    if not decide(book, request, "play").allowed:
        return None
    return OpenLink(
        share_id=row.share_id,
        moment_id=row.moment_id,
        title_id=row.title_id,
        channel=row.channel,
        slug=row.slug,
        external_id=row.external_id,
        watch=row.watch,
        start_us=row.start_us,
        end_us=row.end_us,
        holds_until=_first(row.expires_at, book.next_change(facts, at)),
        depends_on=(row.share_id, row.moment_id, row.viewer_id, *(key for _, key in facts.places)),
    )


def _first(*instants: datetime | None) -> datetime | None:
    return min((instant for instant in instants if instant is not None), default=None)

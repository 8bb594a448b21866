"""Where many links lead, in one statement: what is plainly open is answered here, all else is left to ``resolve``.

A link is plainly open when it holds, nothing that it leads to was deleted or restricted, and the title's rules let a
member watch it. What its own row and its moment's say is asked for each link; what the title says is the same for all
its links, and is kept like these until it changes (``OpenTitle``).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, Select, String, bindparam, cast, exists, func, literal, literal_column, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

from groundswell.catalog.tables import RightsRule, Source, Title
from groundswell.catalog.watch_address import Device
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database, among
from groundswell.platform.notified_cache import NotifiedCache
from groundswell.platform.standing_query import StandingQuery
from groundswell.shares.channels import OWN_PAGE
from groundswell.shares.links import ShareOptions
from groundswell.shares.tables import Share
from groundswell.trust.policy import PolicyRequest, decide
from groundswell.trust.rulebook import licences_of, rulebook
from groundswell.trust.rules import ANYWHERE, EVERYTHING, RuleBook, TitleFacts
from groundswell.trust.tables import Decision

BOOKS_MAX = 5_000
SPANS_MAX = 200
TITLE_BYTES = 8_192
"""What a title takes in memory, about, with the spans that were judged."""

NO_RULES = RuleBook()


class Addresses(NamedTuple):
    """The title at a span's first and at its last second, and the same two for devices that are led elsewhere."""

    start: str
    after: str
    elsewhere: Mapping[Device, tuple[str, str]]


class OpenTitle:
    """What the links of a title have in common, true until ``holds_until`` (None: for good) if nobody changes
    ``depends_on``. A title that leads nowhere, whatever the link, has none. ``addresses`` keeps those of its spans."""

    def __init__(self, row: Row[Any], facts: TitleFacts, book: RuleBook, at: datetime) -> None:
        self.slug: str = row.slug
        self.external_id: str = row.external_id
        self.watch: dict[str, Any] | None = row.watch
        self.holds_until = book.next_change(facts, at)
        self.depends_on = tuple(key for _, key in facts.places)
        self._facts, self._book, self._at = facts, book, at
        self.addresses: dict[tuple[int, int], Addresses] = {}
        self._allowed: dict[tuple[int, int, str | None], bool] = {}

    def allows(self, start_us: int, end_us: int, target: str | None) -> bool:
        """Whether the rules let a member watch the span, sent by the channel ``target``. Judged once."""
        asked = (start_us, end_us, target)
        allowed = self._allowed.get(asked)
        if allowed is None:
            if len(self._allowed) >= SPANS_MAX:
                self._allowed.clear()
                self.addresses.clear()
            request = PolicyRequest(self._facts, start_us, end_us, self._at, ANYWHERE, member=True, target=target)
            allowed = self._allowed[asked] = decide(self._book, request, "play").allowed
        return allowed


class OpenLink(NamedTuple):
    """A link that is plainly open until ``holds_until`` (None: for good), if nobody changes ``depends_on``."""

    share_id: UUID
    moment_id: UUID
    title_id: UUID
    channel: str
    title: OpenTitle
    start_us: int
    end_us: int
    holds_until: datetime | None
    depends_on: tuple[str, ...]
    options: ShareOptions


def _restricted(kind: str, subject: Any) -> Any:
    about = exists().where(Decision.subject_id == subject, Decision.subject_kind == kind, Decision.lifted_at.is_(None))
    return ~about


def _links() -> Select[Any]:
    """The links of ``values``, their codes, that hold. One that ends with others (of a moment that is not public,
    passed on) is not plainly open: those are looked at."""
    asked = bindparam("values", type_=ARRAY(String))
    columns: tuple[Any, ...] = (
        *(Share.code, Moment.title_id, Share.id, Moment.id, Moment.viewer_id),
        *(Share.channel, Share.expires_at, Moment.start_us, Moment.end_us),
        *(Share.shape, Share.captions, Share.spoiler, Share.credit),
    )
    return (
        select(*columns)
        .join(Moment, Moment.id == Share.moment_id)
        .where(Share.code == func.any(asked), Share.revoked_at.is_(None), Moment.deleted_at.is_(None))
        .where(or_(Moment.visibility == "public", (Moment.visibility == "unlisted") & Share.parent_id.is_(None)))
        .where(or_(Moment.visibility == "public", Share.channel != OWN_PAGE))
        .where(_restricted("share", Share.id), _restricted("moment", Moment.id))
    )


def _rules() -> Any:
    """The rules that speak of the title, each with the transaction that wrote it as it is now."""
    version = cast(RightsRule.id, String) + literal(" ") + cast(literal_column("rights_rules.xmin"), String)
    season = cast(Title.series_id, String) + literal("/") + cast(Title.season, String)
    of = [("title", cast(Title.id, String)), ("series", cast(Title.series_id, String)), ("season", season)]
    here = [(RightsRule.scope == scope) & (RightsRule.scope_key == key) for scope, key in [*of, EVERYTHING]]
    return select(func.array_agg(aggregate_order_by(version, RightsRule.id))).where(or_(*here)).scalar_subquery()


def _titles() -> Select[Any]:
    columns = (
        *(Title.id.label("title_id"), Title.slug, Title.series_id, Title.season, Title.released_on, Title.rating),
        *(Title.live, Title.licences, Title.external_id, Title.watch, Title.captioned.label("captioned")),
        *(Source.duration_us, _rules().label("rules")),
    )
    return (
        select(*columns)
        .join(Source, (Source.id == Title.current_source_id) & (Source.status == "ready"))
        .where(Title.withdrawn_at.is_(None), _restricted("title", Title.id))
    )


LINKS, TITLES = _links(), _titles()


class LinkLookup:
    """Looks links up by their codes.

    Args:
        titles: keeps what their titles say.
    """

    def __init__(self, database: Database, titles: NotifiedCache[OpenTitle]) -> None:
        self.database, self.titles = database, titles
        self._links = StandingQuery(database, LINKS)
        self._books: dict[tuple[str, ...], RuleBook] = {}

    async def find(self, codes: Sequence[str]) -> dict[str, OpenLink]:
        """Those of ``codes`` whose links are plainly open."""
        asked_at = utc_now()
        rows = await self._links.rows(codes)
        titles = await self._titles({title_id for _, title_id, *_ in rows}, asked_at)
        found = ((row[0], _open(row, titles.get(row[1]), asked_at)) for row in rows)
        return {code: link for code, link in found if link is not None}

    async def close(self) -> None:
        await self._links.close()

    async def _titles(self, ids: Iterable[UUID], at: datetime) -> dict[UUID, OpenTitle]:
        """What those of the titles say that lead anywhere."""
        found, unknown = {}, []
        for id in ids:
            kept = self.titles.get(id)
            if kept is None or (kept.holds_until is not None and kept.holds_until <= at):
                unknown.append(id)
            else:
                found[id] = kept
        return found if not unknown else found | await self._learn(unknown, at)

    async def _learn(self, ids: Sequence[UUID], at: datetime) -> dict[UUID, OpenTitle]:
        generation, found = self.titles.generation, {}
        async with self.database.transaction() as session:
            for row in (await session.execute(TITLES.where(among(Title.id, ids)))).all():
                facts, versions = _facts(row), tuple(row.rules or ())
                book = self._books.get(versions) if versions else NO_RULES
                if book is None:
                    book = self._keep(versions, await rulebook(session, facts))
                found[facts.id] = title = OpenTitle(row, facts, book, at)
                self.titles.put(facts.id, title, generation, title.depends_on)
        return found

    def _keep(self, versions: tuple[str, ...], book: RuleBook) -> RuleBook:
        """Rules are read once for all titles of which the same rules speak."""
        if len(self._books) >= BOOKS_MAX:
            self._books.clear()
        self._books[versions] = book
        return book


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


def _open(row: tuple[Any, ...], title: OpenTitle | None, at: datetime) -> OpenLink | None:
    """One row of ``LINKS``, if it is plainly open."""
    _, title_id, share_id, moment_id, viewer_id, channel, expires_at, start_us, end_us, *options = row
    if title is None or (expires_at is not None and expires_at <= at):
        return None
    if not title.allows(start_us, end_us, None if channel == OWN_PAGE else channel):
        return None
    until = title.holds_until if expires_at is None else _first(expires_at, title.holds_until)
    ids = (str(share_id), str(moment_id), str(viewer_id), *title.depends_on)
    shown = ShareOptions(*options)
    return OpenLink(share_id, moment_id, title_id, channel, title, start_us, end_us, until, ids, shown)


def _first(at: datetime, other: datetime | None) -> datetime:
    return at if other is None else min(at, other)

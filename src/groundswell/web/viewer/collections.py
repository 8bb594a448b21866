"""Collections: the page that plays one through, the player for other pages, and mine, to be filled and ordered."""

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.community import collections, collections_api, supercuts
from groundswell.community.collection_schemas import CollectionDetail, CollectionPartOut
from groundswell.community.collection_tables import Collection
from groundswell.community.collection_views import shown_collection
from groundswell.community.people import KidsApart, grown
from groundswell.community.supercut_schemas import SupercutOut
from groundswell.community.supercut_views import shown_supercut
from groundswell.community.supercuts import SupercutNeedsTwo, SupercutWaits, TooManySupercuts
from groundswell.events.log.lookups import place
from groundswell.events.traffic.visit_ticket import PLACEHOLDER
from groundswell.events.visits.visit import visit
from groundswell.moments.availability import Audience, may_know
from groundswell.moments.lookup import MomentUnknown, find_moment
from groundswell.platform.pages import Cursor
from groundswell.platform.problems import Invalid, Problem
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.shares.cards import oembed_address
from groundswell.web.languages import marked
from groundswell.web.page_auth import MaybeViewer, Member
from groundswell.web.page_route import PageRoute
from groundswell.web.responses import see_other
from groundswell.web.templating import page

from .clip_view import Clip, coded_clip
from .landing import _given, refuse_embedder
from .my_moments import VISIBILITIES

router = APIRouter(route_class=PageRoute)

PAGE_SIZE = 24
DONE = {
    "made": marked("Your collection is there. Put moments into it."),
    "changed": marked("Saved."),
    "added": marked("It is in the collection."),
    "dropped": marked("It is no longer in the collection."),
    "asked": marked("They are asked."),
    "joined": marked("You can put moments into it now."),
    "left": marked("Done."),
    "deleted": marked("The collection is deleted. What was in it stays where it was."),
}
LEFT_OUT = {
    "clip_too_long": marked("One clip may not show so much of this title."),
    "supercut_too_long": marked("The clip would be too long."),
    "moment_private": marked("It is not public."),
    "moment_deleted": marked("It is no longer there."),
    "taken_down": marked("It is no longer there."),
    "moment_unknown": marked("It is no longer there."),
    "part_changed": marked("It is no longer there."),
    "captions_required": marked("Its title is shown with subtitles only."),
}
"""Why a moment is not in the one clip, for people; any other reason is the rights'."""
OTHER_REASON = marked("The rights to its title do not allow it here now.")
CHOSEN = {"put": marked("It is in %(name)s."), "drop": marked("It is no longer in %(name)s.")}
FILLABLE_SHOWN = 100
Field = Annotated[str, Form(max_length=2000)]
MomentCode = Annotated[str, Query(max_length=64)]


@dataclass(frozen=True)
class Turn:
    """The part that plays, and its neighbours; numbers count from 1."""

    number: int
    clip: Clip | None
    part: CollectionPartOut | None
    before: int | None
    after: int | None


@router.api_route("/c/{collection}", methods=["GET", "HEAD"])
async def read(
    request: Request, session: DbSession, caller: MaybeViewer, collection: str, at: int = 1, done: str = ""
) -> Response:
    """A collection: one part plays, the others follow; and all as one clip, where there is one."""
    return await _page(request, session, caller, collection, at, done=DONE.get(done))


async def _page(
    request: Request, session: AsyncSession, caller: Caller | None, collection: str, at: int = 1, **shown: Any
) -> Response:
    found = await _shown(session, request, caller, collection)
    turn = await _turn(session, request, caller, found, at)
    always: dict[str, Any] = {"done": None, "problem": None, "reasons": LEFT_OUT, "other_reason": OTHER_REASON}
    shown = always | {"collection": found, "turn": turn, "visit": PLACEHOLDER} | shown
    shown["supercut"] = await _supercut(session, request, caller, collection)
    shown["oembed_url"] = oembed_address(services_of(request).settings, found.url)
    headers = {} if found.visibility == "public" else {"X-Robots-Tag": "noindex"}
    status = 200 if shown["problem"] is None else shown["problem"].status
    shown |= {"headers": headers, "status": status}
    answer = page(request, "viewer/collection.html", caller=caller, visibilities=VISIBILITIES, **shown)
    return await _visited(request, caller, turn, answer)


@router.get("/c/{collection}/embed")
async def embed(request: Request, session: DbSession, caller: MaybeViewer, collection: str, at: int = 1) -> Response:
    """A collection's player for other people's pages."""
    settings = services_of(request).settings
    refuse_embedder(request, settings)
    found = await _shown(session, request, caller, collection)
    turn = await _turn(session, request, caller, found, at)
    ancestors = " ".join(settings.embed_ancestors) or "'none'"
    shown: dict[str, Any] = {"collection": found, "turn": turn, "visit": PLACEHOLDER}
    answer = page(request, "viewer/collection_embed.html", frame_ancestors=ancestors, caller=caller, **shown)
    return await _visited(request, caller, turn, answer)


async def _shown(session: AsyncSession, request: Request, caller: Caller | None, collection: str) -> CollectionDetail:
    if caller is not None and caller.viewer.kids:
        raise KidsApart()
    row = await collections.find_collection(session, collection, caller)
    return await shown_collection(session, services_of(request).settings, row, caller, Audience.of(caller, request))


async def _supercut(session: AsyncSession, request: Request, caller: Caller | None, collection: str) -> SupercutOut:
    row = await collections.find_collection(session, collection, caller)
    return await shown_supercut(session, services_of(request).settings, row, caller, Audience.of(caller, request))


async def _turn(
    session: AsyncSession, request: Request, caller: Caller | None, found: CollectionDetail, at: int
) -> Turn:
    number = min(max(at, 1), max(found.count, 1))
    before = number - 1 if number > 1 else None
    after = number + 1 if number < found.count else None
    if not found.parts:
        return Turn(number, None, None, None, None)
    part = found.parts[number - 1]
    try:
        clip = await coded_clip(session, request, part.code, caller)
    except Problem:
        clip = None  # it was there a moment ago; the page says so
    return Turn(number, clip, part, before, after)


async def _visited(request: Request, caller: Caller | None, turn: Turn, answer: Any) -> Response:
    seen = None
    if turn.clip is not None:
        seen = await visit(request, place(None, turn.clip.moment.id, turn.clip.title.id), "view", caller)
    return _given(answer, seen)


@router.get("/collections")
async def mine(request: Request, session: DbSession, caller: Member, cursor: Cursor = None, done: str = "") -> Response:
    """My collections and those that I fill with others, and the form for a new one."""
    found = await collections_api.list_collections(caller, session, request, None, cursor, PAGE_SIZE)
    return page(
        request,
        "viewer/collections.html",
        caller=caller,
        items=found.items,
        next=found.next and f"/collections?cursor={found.next}",
        visibilities=VISIBILITIES,
        done=DONE.get(done),
    )


@router.get("/collections/add")
async def choose(
    request: Request, session: DbSession, caller: Member, moment: MomentCode, into: str = "", done: str = ""
) -> Response:
    """Which of my collections a moment goes into, or a new one; pages show it as a sheet (``pages/collect.ts``)."""
    return await _choice(request, session, caller, moment, into=into, done=done)


@router.post("/collections/add")
async def put(
    request: Request,
    session: DbSession,
    caller: Member,
    moment: Annotated[str, Form(max_length=64)],
    collection: Annotated[str, Form(max_length=64)] = "",
    name: Field = "",
    do: Annotated[str, Form(max_length=10)] = "put",
) -> Response:
    """Put a moment into a collection of mine, or into a new one (``name``), or take it out."""
    try:
        async with session.begin_nested():
            changed = await _put(session, caller, Audience.of(caller, request), moment, collection, name, do)
    except Problem as problem:
        return await _choice(request, session, caller, moment, problem=problem)
    done = "drop" if do == "drop" else "put"
    return see_other("/collections/add?" + urlencode({"moment": moment, "into": changed.code, "done": done}))


async def _put(
    session: AsyncSession, caller: Caller, by: Audience, moment: str, collection: str, name: str, do: str
) -> Collection:
    if do == "drop":
        return await collections.drop(session, caller, collection, moment)
    if not collection:
        collection = (await collections.make(session, grown(caller), name, "", "private")).code
    return await collections.add(session, grown(caller), by, collection, moment)


async def _choice(
    request: Request,
    session: AsyncSession,
    caller: Caller,
    moment: str,
    *,
    into: str = "",
    done: str = "",
    problem: Problem | None = None,
) -> Response:
    found = await find_moment(session, moment)
    if found.deleted_at is not None or not await may_know(session, found, Audience.of(grown(caller), request)):
        raise MomentUnknown()
    fillable = await collections.fillable(session, caller.id, found.id, FILLABLE_SHOWN)
    name = next((each.name for each, _ in fillable if each.code == into), None)
    return page(
        request,
        "viewer/collect.html",
        status=200 if problem is None else problem.status,
        caller=caller,
        moment=found,
        fillable=fillable,
        more=len(fillable) == FILLABLE_SHOWN,
        visibilities=VISIBILITIES,
        said=None if name is None else CHOSEN.get(done),
        into=name,
        problem=problem,
    )


def _visible(value: str) -> str:
    return value if value in VISIBILITIES else "private"


@router.post("/collections")
async def make(
    session: DbSession, caller: Member, name: Field = "", about: Field = "", visibility: Field = "private"
) -> Response:
    """A new one."""
    if caller.viewer.kids:
        raise KidsApart()
    made = await collections.make(session, caller, name, about, _visible(visibility))
    return see_other(f"/c/{made.code}?done=made")


@router.post("/c/{collection}")
async def change(
    session: DbSession, caller: Member, collection: str, name: Field = "", about: Field = "", visibility: Field = ""
) -> Response:
    """Save what the form says."""
    changes = {"name": name, "about": about, "visibility": _visible(visibility)}
    await collections.change(session, caller, collection, changes)
    return see_other(f"/c/{collection}?done=changed")


@router.post("/c/{collection}/supercut")
async def supercut(
    request: Request,
    session: DbSession,
    caller: Member,
    collection: str,
    do: Annotated[str, Form(max_length=10)] = "make",
) -> Response:
    """Have it made into one clip, or have that no longer."""
    if do == "drop":
        await supercuts.give_up(session, grown(caller), collection)
        return see_other(f"/c/{collection}?done=changed#supercut")
    try:
        async with session.begin_nested():
            settings, by = services_of(request).settings, Audience.of(grown(caller), request)
            await supercuts.ask(session, settings, caller, by, collection)
    except (SupercutNeedsTwo, SupercutWaits, TooManySupercuts) as problem:
        return await _page(request, session, caller, collection, problem=problem)
    return see_other(f"/c/{collection}#supercut")


@router.post("/c/{collection}/delete")
async def delete(session: DbSession, caller: Member, collection: str) -> Response:
    """Delete it."""
    await collections.remove(session, caller, collection)
    return see_other("/collections?done=deleted")


@router.post("/c/{collection}/parts")
async def add(request: Request, session: DbSession, caller: Member, collection: str, moment: Field = "") -> Response:
    """Put a moment in, by its code or the address of its page."""
    wanted = moment.strip().rstrip("/").rpartition("/")[2].partition("?")[0]
    if caller.viewer.kids:
        raise KidsApart()
    await collections.add(session, caller, Audience.of(caller, request), collection, wanted)
    return see_other(f"/c/{collection}?done=added")


@router.post("/c/{collection}/parts/{moment}")
async def move(
    session: DbSession, caller: Member, collection: str, moment: UUID, do: Annotated[str, Form(max_length=10)] = ""
) -> Response:
    """Move a part up or down, have it stand for the collection, or take it out."""
    if do == "drop":
        await collections.drop(session, caller, collection, str(moment))
        return see_other(f"/c/{collection}?done=dropped#parts")
    if do == "cover":
        await collections.change(session, caller, collection, {"cover": str(moment)})
        return see_other(f"/c/{collection}?done=changed#parts")
    if do not in {"up", "down"}:
        raise Invalid("Choose what to do with it.")
    found = await collections.edited(session, collection, caller)
    ids = [part.moment_id for part in await collections.parts_of(session, found.id)]
    if moment in ids:
        at = ids.index(moment)
        to = max(0, at - 1) if do == "up" else min(len(ids) - 1, at + 1)
        ids.insert(to, ids.pop(at))
        await collections.order(session, caller, collection, ids)
    return see_other(f"/c/{collection}?done=changed#parts")


@router.post("/c/{collection}/people")
async def people(
    session: DbSession,
    caller: Member,
    collection: str,
    handle: Field = "",
    do: Annotated[str, Form(max_length=10)] = "ask",
) -> Response:
    """Ask somebody to fill it too, agree to, or end it."""
    if do == "join":
        await collections.join(session, caller, collection)
        return see_other(f"/c/{collection}?done=joined")
    if do == "leave":
        await collections.leave(session, caller, collection, handle.strip() or "me")
        return see_other("/collections?done=left" if not handle.strip() else f"/c/{collection}?done=left")
    await collections.ask(session, caller, collection, handle.strip())
    return see_other(f"/c/{collection}?done=asked")


@router.post("/c/{collection}/report")
async def report(request: Request, session: DbSession, caller: MaybeViewer, collection: str) -> Response:
    """To the form of notices, about this collection."""
    found = await collections.find_collection(session, collection, caller)
    return see_other(f"/notice?kind=collection&about={found.code}")

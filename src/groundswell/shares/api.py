"""Shares over HTTP: make, list, revoke; QR codes; oEmbed."""

import io
from typing import Annotated, Any
from uuid import UUID

import segno
from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import select

from groundswell.accounts.access import MaybeCaller, SignedIn
from groundswell.moments.availability import Audience, may_know
from groundswell.moments.clips.library import own_moment
from groundswell.moments.lookup import MomentUnknown, find_moment
from groundswell.platform.change_pace import address_of
from groundswell.platform.pages import Cursor, Limit, Page, decode_cursor, next_cursor
from groundswell.platform.routing import DbSession, TransactionalRoute
from groundswell.platform.services import services_of
from groundswell.platform.settings import Settings

from . import media_api, oembed, reminders_api
from .channels import SENT_TO
from .lifecycle import ChannelUnknown, ShareRequest, change_share, make_share, revoke_links, revoke_share
from .limits import VisitorWindow, admit_viewer
from .links import go_url, resolve, share_url
from .schemas import AllowedOut, ChannelOut, LinksRevoked, ShareChanges, ShareIn, ShareOut
from .signals import SentFrom
from .tables import Share
from .views import shown

api = APIRouter(prefix="/v1", tags=["shares"], route_class=TransactionalRoute)
links = APIRouter(tags=["links"], route_class=TransactionalRoute)


@api.post("/shares", status_code=201)
async def share(body: ShareIn, caller: MaybeCaller, session: DbSession, request: Request) -> ShareOut:
    """Make a share: its own link, which knows its parent, root and generation.

    A visitor without an account may pass on whatever they can see: what was shared with them (``parent``), or the
    moment whose page they are on.
    """
    settings: Settings = services_of(request).settings
    if body.channel not in SENT_TO:
        raise ChannelUnknown(f"There is {', '.join(SENT_TO)}.")
    if caller is not None:
        await admit_viewer(session, caller.id, settings.share_rate_per_minute)
    else:
        _visitors(request).admit(address_of(request))
    by = Audience.of(caller, request)
    sent_from = SentFrom(request.client.host if request.client else "", request.headers)
    made = await make_share(session, settings, by, ShareRequest(**body.model_dump()), sent_from)
    return await shown(session, settings, made, by)


@api.get("/shares")
async def mine(
    caller: SignedIn,
    session: DbSession,
    request: Request,
    cursor: Cursor = None,
    limit: Limit = 20,
    moment: Annotated[str | None, Query(max_length=64, description="Id or code of one moment.")] = None,
) -> Page[ShareOut]:
    """My shares, newest first, revoked and expired ones too. Of a moment that I made: everybody's. One that I may not
    see, and did not share, is as unknown as one that does not exist."""
    query = select(Share).order_by(Share.id.desc()).limit(limit)
    if (after := decode_cursor(cursor)) is not None:
        query = query.where(Share.id < after)
    about = None if moment is None else await find_moment(session, moment)
    if about is not None:
        query = query.filter_by(moment_id=about.id)
    if about is None or about.viewer_id != caller.id:
        query = query.filter_by(viewer_id=caller.id)
    rows = (await session.scalars(query)).all()
    settings, by = services_of(request).settings, Audience.of(caller, request)
    if about is not None and not (rows or after or await may_know(session, about, by)):
        raise MomentUnknown()
    return Page(items=[await shown(session, settings, row, by) for row in rows], next=next_cursor(rows, limit))


@api.patch("/shares/{share}")
async def change(share: UUID, body: ShareChanges, caller: SignedIn, session: DbSession, request: Request) -> ShareOut:
    """Change how a link of mine shows the moment, or when it ends. Its address stays."""
    by = Audience.of(caller, request)
    changed = await change_share(session, by, share, body.model_dump(exclude_unset=True))
    return await shown(session, services_of(request).settings, changed, by)


@api.delete("/shares/{share}", status_code=204)
async def revoke(share: UUID, caller: SignedIn, session: DbSession) -> Response:
    """Withdraw a link of mine, or any link to a moment of mine. It says so from now on."""
    await revoke_share(session, caller, share)
    return Response(status_code=204)


@api.delete("/moments/{moment}/links")
async def revoke_all(moment: str, caller: SignedIn, session: DbSession) -> LinksRevoked:
    """Withdraw every link to a moment of mine, other people's too."""
    return LinksRevoked(revoked=await revoke_links(session, caller, await own_moment(session, caller, moment)))


@api.get("/channels")
async def channels() -> list[ChannelOut]:
    """Where a moment can be sent, and what each place allows."""
    return [
        ChannelOut(
            name=each.name,
            label=each.label,
            has_page=each.intent is not None,
            profile=each.profile,
            allowed=None if each.allowed is None else AllowedOut.model_validate(each.allowed),
        )
        for each in SENT_TO.values()
    ]


@api.get("/oembed")
async def oembed_document(
    session: DbSession,
    request: Request,
    url: Annotated[str, Query(max_length=2000, description="A share, a moment, a collection or a player of ours.")],
    format: Annotated[str, Query(max_length=20)] = "json",
    maxwidth: Annotated[int | None, Query(ge=1, le=100_000)] = None,
    maxheight: Annotated[int | None, Query(ge=1, le=100_000)] = None,
) -> dict[str, Any]:
    """oEmbed 1.0: what a page needs to show the moment, or to play the collection, at ``url``."""
    if format != "json":
        raise oembed.FormatUnsupported()
    card = await oembed.card_at(session, services_of(request).settings, url)
    return oembed.document(card, maxwidth, maxheight)


@links.get("/s/{token}/qr.svg", operation_id="share_qr")
async def qr(token: str, session: DbSession, request: Request) -> Response:
    """The share's link as a QR code (error correction M, quiet zone of four modules): it shows the clip."""
    settings: Settings = services_of(request).settings
    await resolve(session, settings, token)
    return _qr(share_url(settings, token))


@links.get("/s/{token}/go.svg", operation_id="share_go_qr")
async def go_qr(token: str, session: DbSession, request: Request) -> Response:
    """As a QR code, where the landing page's button leads: on with the title, on another screen."""
    settings: Settings = services_of(request).settings
    await resolve(session, settings, token)
    return _qr(f"{go_url(settings, token)}?from=landing")


def _qr(url: str) -> Response:
    return Response(qr_svg(url), headers={"Cache-Control": "no-cache"}, media_type="image/svg+xml")


def qr_svg(url: str) -> bytes:
    """An SVG document that scales to any size."""
    out = io.BytesIO()
    segno.make(url, error="m", micro=False).save(
        out, kind="svg", border=4, dark="#000", light="#fff", xmldecl=False, omitsize=True, nl=False
    )
    return out.getvalue()


def _visitors(request: Request) -> VisitorWindow:
    """This process's window of visitors' shares."""
    services = services_of(request)
    return services.get_or_add(VisitorWindow, lambda: VisitorWindow(services.settings.share_rate_per_minute))


router = APIRouter()
router.include_router(api)
router.include_router(links)
router.include_router(media_api.router)
router.include_router(reminders_api.router)

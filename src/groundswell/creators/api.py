"""Creators over HTTP."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from groundswell.accounts.access import Caller, MaybeCaller, SignedIn, staff
from groundswell.platform.jobs import defer
from groundswell.platform.pages import Cursor, Limit, Page, decode_cursor, next_cursor
from groundswell.platform.problems import NotFound
from groundswell.platform.routing import DbSession, TransactionalRoute
from groundswell.platform.services import services_of

from . import applications, channels, invitations, jobs, profiles, programme_api, results, terms
from .schemas import (
    ApplicationDecision,
    ApplicationOut,
    CreatorChange,
    CreatorChannelOut,
    CreatorOut,
    CreatorPage,
    InvitationOut,
    InvitationsMade,
    NewApplication,
    NewChannel,
    NewCreator,
    NewInvitations,
    NewTerms,
    Results,
    TermsAccepted,
    TermsOut,
)

v1 = APIRouter(prefix="/v1", tags=["creators"], route_class=TransactionalRoute)


Managers = Annotated[Caller, Depends(staff("creators.manage"))]


@v1.post("/creators", status_code=201)
async def become_creator(new: NewCreator, request: Request, session: DbSession, caller: SignedIn) -> CreatorOut:
    """Become a creator: a public page, a code to say aloud, and a part of the pools. Where staff look first, apply."""
    if services_of(request).settings.creator_entry == "review":
        raise applications.ApplicationNeeded()
    return profiles.shown(await profiles.become(session, caller.id, new))


@v1.get("/creators/me")
async def read_my_profile(session: DbSession, caller: SignedIn) -> CreatorOut:
    """My own profile."""
    return profiles.shown(await profiles.own(session, caller.id))


@v1.patch("/creators/me")
async def change_my_profile(change: CreatorChange, session: DbSession, caller: SignedIn) -> CreatorOut:
    """Change how I am named and described; handle and code stay, as people have them in their links."""
    creator = await profiles.own(session, caller.id)
    for name, value in change.model_dump(exclude_none=True).items():
        setattr(creator, name, value)
    return profiles.shown(creator)


@v1.get("/creators/me/results")
async def read_my_results(
    session: DbSession,
    caller: SignedIn,
    begin: Annotated[datetime | None, Query(alias="from", description="30 days ago by default.")] = None,
    end: Annotated[datetime | None, Query(alias="to", description="Exclusive; now by default.")] = None,
) -> Results:
    """What my moments brought, in all and each: shares, unfurls, clicks, plays, sign-ups, subscriptions, revenue."""
    return await results.of_viewer(session, caller.id, *results.period(begin, end))


@v1.get("/creator-terms")
async def read_creator_terms(session: DbSession) -> TermsOut:
    """The terms that creators accept, as they are now."""
    found = await terms.current(session)
    if found is None:
        raise NotFound("No terms were published.")
    return TermsOut.model_validate(found)


@v1.post("/creator-terms", status_code=201)
async def publish_creator_terms(new: NewTerms, session: DbSession, caller: Managers) -> TermsOut:
    """Publish the next version; every creator is asked to accept it before anything more is paid to them."""
    return TermsOut.model_validate(await terms.publish(session, new.body, caller.actor))


@v1.post("/creators/me/terms")
async def accept_terms(accepted: TermsAccepted, session: DbSession, caller: SignedIn) -> TermsOut:
    """Accept the terms as they are now."""
    await terms.accept(session, caller.id, accepted.version)
    return await read_creator_terms(session)


@v1.post("/creators/me/application", status_code=201)
async def apply(new: NewApplication, session: DbSession, caller: SignedIn) -> ApplicationOut:
    """Apply to become a creator."""
    return ApplicationOut.model_validate(await applications.apply(session, caller.viewer, new))


@v1.get("/creators/me/application")
async def read_my_application(session: DbSession, caller: SignedIn) -> ApplicationOut:
    """My newest application, and what became of it."""
    found = await applications.newest_of(session, caller.id)
    if found is None:
        raise applications.ApplicationUnknown()
    return ApplicationOut.model_validate(found)


@v1.post("/creators/me/application/withdraw")
async def withdraw_application(session: DbSession, caller: SignedIn) -> ApplicationOut:
    """Withdraw my application that waits; I may apply again."""
    return ApplicationOut.model_validate(await applications.withdraw(session, caller.id))


@v1.get("/creators/me/invitation")
async def read_my_invitation(session: DbSession, caller: SignedIn) -> InvitationOut:
    """The invitation to become a creator that waits for my answer. To accept it, apply (or become one)."""
    found = await invitations.of_viewer(session, caller.id)
    if found is None:
        raise invitations.InvitationMissing()
    return InvitationOut.model_validate(found)


@v1.post("/creators/me/invitation/decline")
async def decline_invitation(session: DbSession, caller: SignedIn) -> InvitationOut:
    """Decline it; I am not asked again."""
    return InvitationOut.model_validate(await invitations.decline(session, caller.id))


@v1.post("/creator-invitations")
async def invite_to_create(new: NewInvitations, session: DbSession, caller: Managers) -> InvitationsMade:
    """Invite viewers to become creators, one or many. Each is told, and accepted when they apply."""
    return InvitationsMade(invited=await invitations.invite(session, new.viewers, caller.actor))


@v1.get("/creator-invitations")
async def list_invitations(
    session: DbSession, caller: Managers, cursor: Cursor = None, limit: Limit = 50
) -> Page[InvitationOut]:
    """Invitations to become a creator, newest first."""
    rows = await invitations.recent(session, limit, decode_cursor(cursor))
    return Page[InvitationOut](items=[InvitationOut.model_validate(row) for row in rows], next=next_cursor(rows, limit))


@v1.get("/creator-applications")
async def list_applications(
    session: DbSession,
    caller: Managers,
    status: Literal["waiting", "accepted", "refused", "withdrawn"] = "waiting",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ApplicationOut]:
    """Applications in a state, the oldest first."""
    rows = await applications.queue(session, status, limit, decode_cursor(cursor))
    items = [ApplicationOut.model_validate(row) for row in rows]
    return Page[ApplicationOut](items=items, next=next_cursor(rows, limit))


@v1.post("/creator-applications/{application_id}/decide")
async def decide_application(
    application_id: UUID, decision: ApplicationDecision, session: DbSession, caller: Managers
) -> ApplicationOut:
    """Make a creator of whoever applied, or refuse it; they read the reason."""
    row = await applications.decide(session, application_id, decision.accepted, decision.reason, caller.actor)
    return ApplicationOut.model_validate(row)


@v1.get("/creators/me/channels")
async def list_my_channels(session: DbSession, caller: SignedIn) -> list[CreatorChannelOut]:
    """Where else I am, and whether that is verified."""
    creator = await profiles.own(session, caller.id)
    return [CreatorChannelOut.model_validate(row) for row in await channels.of_creator(session, creator.id)]


@v1.post("/creators/me/channels", status_code=201)
async def add_channel(new: NewChannel, request: Request, session: DbSession, caller: SignedIn) -> CreatorChannelOut:
    """Name a page of mine elsewhere; the answer has the proof to put there."""
    creator = await profiles.own(session, caller.id)
    outbound = services_of(request).runtime.outbound
    return CreatorChannelOut.model_validate(await channels.add(session, outbound, creator, new.address))


@v1.post("/creators/me/channels/{channel_id}/check", status_code=202)
async def check_channel(channel_id: UUID, session: DbSession, caller: SignedIn) -> CreatorChannelOut:
    """Have a channel's page looked at, in the background."""
    creator = await profiles.own(session, caller.id)
    row = await channels.own_channel(session, creator.id, channel_id)
    await defer(session, jobs.look_at_channel, once=f"channel/{row.id}", channel_id=str(row.id))
    return CreatorChannelOut.model_validate(row)


@v1.delete("/creators/me/channels/{channel_id}", status_code=204)
async def remove_channel(channel_id: UUID, session: DbSession, caller: SignedIn) -> None:
    """Remove a channel."""
    creator = await profiles.own(session, caller.id)
    await channels.remove(session, creator.id, channel_id)


@v1.get("/creators/{handle}")
async def read_creator(handle: str, session: DbSession, caller: MaybeCaller) -> CreatorPage:
    """A creator's public page."""
    asked_by = caller.id if caller else None
    return await profiles.public_page(session, await profiles.named(session, handle, asked_by), caller)


router = APIRouter()
router.include_router(v1)
router.include_router(programme_api.router)

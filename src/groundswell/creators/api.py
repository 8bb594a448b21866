"""Creators over HTTP."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from groundswell.accounts.access import MaybeCaller, SignedIn
from groundswell.platform.routing import DbSession, TransactionalRoute

from . import profiles, results
from .schemas import CreatorChange, CreatorOut, CreatorPage, NewCreator, Results

router = APIRouter(prefix="/v1", tags=["creators"], route_class=TransactionalRoute)


@router.post("/creators", status_code=201)
async def become_creator(new: NewCreator, session: DbSession, caller: SignedIn) -> CreatorOut:
    """Become a creator: a public page, a code to say aloud, and a part of the pools."""
    return profiles.shown(await profiles.become(session, caller.id, new))


@router.get("/creators/me")
async def read_my_profile(session: DbSession, caller: SignedIn) -> CreatorOut:
    """My own profile."""
    return profiles.shown(await profiles.own(session, caller.id))


@router.patch("/creators/me")
async def change_my_profile(change: CreatorChange, session: DbSession, caller: SignedIn) -> CreatorOut:
    """Change how I am named and described; handle and code stay, as people have them in their links."""
    creator = await profiles.own(session, caller.id)
    for name, value in change.model_dump(exclude_none=True).items():
        setattr(creator, name, value)
    return profiles.shown(creator)


@router.get("/creators/me/results")
async def read_my_results(
    session: DbSession,
    caller: SignedIn,
    begin: Annotated[datetime | None, Query(alias="from", description="30 days ago by default.")] = None,
    end: Annotated[datetime | None, Query(alias="to", description="Exclusive; now by default.")] = None,
) -> Results:
    """What my moments brought, in all and each: shares, unfurls, clicks, plays, sign-ups, subscriptions, revenue."""
    return await results.of_viewer(session, caller.id, *results.period(begin, end))


@router.get("/creators/{handle}")
async def read_creator(handle: str, session: DbSession, caller: MaybeCaller) -> CreatorPage:
    """A creator's public page."""
    asked_by = caller.id if caller else None
    return await profiles.public_page(session, await profiles.named(session, handle, asked_by), caller)

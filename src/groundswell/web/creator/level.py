"""My standing as a creator: the terms, my channels, my level and what the next one asks; and applying to become one."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.creators import applications, channels, invitations, jobs, levels, profiles, results, terms
from groundswell.creators.schemas import NewApplication
from groundswell.creators.tables import Creator
from groundswell.platform.clock import utc_now
from groundswell.platform.jobs import defer
from groundswell.platform.problems import Invalid, Problem
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.web.page_auth import Member
from groundswell.web.page_route import PageRoute
from groundswell.web.responses import see_other
from groundswell.web.templating import page

router = APIRouter(prefix="/creator/standing", route_class=PageRoute)

SAID = {
    "accepted": "Accepted.",
    "added": "Put the proof, or a link to your page here, on that page; then have it looked at.",
    "looking": "The page is being looked at; come back in a moment.",
    "removed": "Removed.",
    "applied": "Sent. You will find the answer here.",
    "withdrawn": "Withdrawn. You may apply again.",
}


@router.get("")
async def read_standing(request: Request, session: DbSession, caller: Member, saved: str | None = None) -> Response:
    """Terms, channels and level; who is no creator yet applies here."""
    return await _standing(request, session, caller, SAID.get(saved or ""))


async def _standing(
    request: Request,
    session: AsyncSession,
    caller: Member,
    saved: str | None = None,
    problem: Problem | None = None,
    form: dict[str, str] | None = None,
) -> Response:
    shown: dict[str, Any] = {"saved": saved, "problem": problem, "rules": levels.RULES}
    shown["terms"] = await terms.to_accept(session, caller.id)
    status = problem.status if problem else 200
    try:
        creator = await profiles.own(session, caller.id)
    except profiles.CreatorMissing:
        asked = {
            "handle": "",
            "display_name": caller.viewer.name,
            "bio": "",
            "country": "",
            "languages": "",
            "note": "",
        }
        shown |= {"application": await applications.newest_of(session, caller.id), "form": form or asked}
        shown |= {"invited": await invitations.of_viewer(session, caller.id)}
        return page(request, "creator/apply.html", status=status, caller=caller, **shown)
    own = await channels.of_creator(session, creator.id)
    standing = await _of(session, caller, own, shown["terms"] is None)
    shown |= {"channels": own, "level": levels.level_of(standing), "to_do": levels.to_do(standing)}
    return page(
        request, "creator/standing.html", status=status, caller=caller, creator=profiles.shown(creator), **shown
    )


async def _of(session: AsyncSession, caller: Member, own: Any, accepted: bool) -> levels.CreatorStanding:
    now = utc_now()
    brought = await results.of_viewer(session, caller.id, now - timedelta(days=levels.DAYS), now)
    verified = sum(channel.verified_at is not None for channel in own)
    return levels.CreatorStanding(accepted, verified, brought.total.subscriptions_millionths)


@router.post("/apply")
async def apply(
    request: Request,
    session: DbSession,
    caller: Member,
    handle: Annotated[str, Form()] = "",
    display_name: Annotated[str, Form()] = "",
    bio: Annotated[str, Form()] = "",
    country: Annotated[str, Form()] = "",
    languages: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
    adult: Annotated[str, Form()] = "",
    version: Annotated[int | None, Form()] = None,
) -> Response:
    """Apply to become a creator."""
    form = {"handle": handle, "display_name": display_name, "bio": bio, "country": country, "languages": languages}
    form |= {"note": note}
    spoken = [word.strip() for word in languages.split(",") if word.strip()]
    try:
        new = NewApplication.model_validate(
            form | {"languages": spoken, "adult": adult == "yes", "terms_version": version}
        )
        async with session.begin_nested():
            await applications.apply(session, caller.viewer, new)
        return see_other("/creator/standing?saved=applied")
    except ValidationError as invalid:
        fields = ", ".join(dict.fromkeys(str(error["loc"][0]) for error in invalid.errors()))
        problem: Problem = Invalid(f"Look at these once more: {fields}.")
    except Problem as refused:
        problem = refused
    return await _standing(request, session, caller, problem=problem, form=form)


@router.post("/withdraw")
async def withdraw(request: Request, session: DbSession, caller: Member) -> Response:
    """Withdraw my application that waits."""
    try:
        await applications.withdraw(session, caller.id)
    except Problem as refused:
        return await _standing(request, session, caller, problem=refused)
    return see_other("/creator/standing?saved=withdrawn")


@router.post("/terms")
async def accept_terms(
    request: Request, session: DbSession, caller: Member, version: Annotated[int, Form()] = 0
) -> Response:
    """Accept the terms as they are now."""
    try:
        await terms.accept(session, caller.id, version)
    except terms.TermsNotAccepted as refused:
        return await _standing(request, session, caller, problem=refused)
    return see_other("/creator/standing?saved=accepted")


async def _own(session: AsyncSession, caller: Member) -> Creator:
    return await profiles.own(session, caller.id)


@router.post("/channels")
async def add_channel(
    request: Request, session: DbSession, caller: Member, address: Annotated[str, Form(max_length=300)] = ""
) -> Response:
    """Name a page of mine elsewhere."""
    try:
        creator = await _own(session, caller)
        async with session.begin_nested():
            await channels.add(session, services_of(request).runtime.outbound, creator, address.strip())
    except profiles.CreatorMissing:
        raise
    except Problem as refused:
        return await _standing(request, session, caller, problem=refused)
    return see_other("/creator/standing?saved=added")


@router.post("/channels/{channel_id}/check")
async def check_channel(channel_id: UUID, session: DbSession, caller: Member) -> Response:
    """Have a channel's page looked at."""
    row = await channels.own_channel(session, (await _own(session, caller)).id, channel_id)
    await defer(session, jobs.look_at_channel, once=f"channel/{row.id}", channel_id=str(row.id))
    return see_other("/creator/standing?saved=looking")


@router.post("/channels/{channel_id}/remove")
async def remove_channel(channel_id: UUID, session: DbSession, caller: Member) -> Response:
    """Remove a channel."""
    await channels.remove(session, (await _own(session, caller)).id, channel_id)
    return see_other("/creator/standing?saved=removed")

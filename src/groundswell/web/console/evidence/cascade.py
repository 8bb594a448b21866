"""The cascades of one moment as one picture: every share of it, from the clip outwards, to be zoomed and moved."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from groundswell.insights.reports.cascade_shapes import shape
from groundswell.insights.reports.evidence import MOST_SHARES, forest_of
from groundswell.moments.lookup import moment_by_id
from groundswell.platform.problems import NotFound
from groundswell.platform.routing import DbSession
from groundswell.shares.channels import channel_name
from groundswell.web.console.shell import ConsoleRoute
from groundswell.web.templating import page

from .cascade_layout import lay_out
from .conversion import Marketer

router = APIRouter(prefix="/console/moments", route_class=ConsoleRoute)


@router.get("/{moment_id}")
async def read_moment(
    request: Request, moment_id: UUID, session: DbSession, caller: Marketer, all: bool = False
) -> Response:
    """The tree of a moment: the moment itself, its first shares, theirs, and so on. ``all`` unfolds every branch."""
    if await moment_by_id(session, moment_id) is None:
        raise NotFound("There is no such moment.")
    forest = await forest_of(session, moment_id)
    parents: dict[UUID, UUID | None] = {moment_id: None}
    parents |= {id: seen.share.parent_id or moment_id for id, seen in forest.shares.items()}
    return page(
        request,
        "console/evidence/moment.html",
        caller=caller,
        forest=forest,
        shape=shape(parents),
        drawing=lay_out(parents, list(parents) if all else []),
        moment_id=moment_id,
        unfolded=all,
        most=MOST_SHARES,
        channel=channel_name,
    )

"""Who reports, and who of staff may see what."""

from fastapi import Request

from groundswell.accounts.access import Caller, principal_of
from groundswell.accounts.powers import POWERS
from groundswell.platform.clock import utc_now
from groundswell.platform.services import services_of
from groundswell.platform.signatures import tag


async def reporter_of(request: Request, caller: Caller | None) -> str:
    """Who reports: a viewer, or a visitor by a name that holds for a day and does not give away their address."""
    if caller is not None:
        return caller.actor
    secret: bytes = services_of(request).settings.secret
    return "visitor:" + tag(secret, f"reporter:{utc_now():%Y-%m-%d}", await principal_of(request), 16)


def may_see_severe(caller: Caller) -> bool:
    """Whether somebody has the power for what is severe (child abuse, terror)."""
    return not caller.roles.isdisjoint({*POWERS["severe.handle"].roles, "admin"})

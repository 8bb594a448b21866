"""Who may read reports."""

from fastapi import Request

from groundswell.accounts.access import RoleMissing, optional_caller, service
from groundswell.accounts.tokens import TokenMissing
from groundswell.platform.describing import lets_in
from groundswell.platform.routing import DbSession


async def reader(request: Request, session: DbSession) -> None:
    """A dependency: a marketer, or a service key with ``reports:read``."""
    if request.headers.get("authorization", "")[7:].lstrip().startswith("gsk_"):
        await service("reports:read")(request, session)
        return
    caller = await optional_caller(request, session)
    if caller is None:
        raise TokenMissing()
    if not caller.roles & {"marketer", "admin"}:
        raise RoleMissing("This needs the role marketer.")


lets_in(
    reader,
    [{"viewer": ["marketer"]}, {"service": ["reports:read"]}],
    "For staff with the role marketer, or a key with the scope `reports:read`.",
)

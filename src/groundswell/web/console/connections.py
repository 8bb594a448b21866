"""Connections: how the service and this one are joined, its keys, its webhooks, and how people sign in."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.accounts.key_uses import keys_and_uses
from groundswell.accounts.keys import MOST, SCOPES, make_key, revoke_one
from groundswell.accounts.powers import POWERS
from groundswell.accounts.return_address import absolute
from groundswell.platform.change_pace import kept_to
from groundswell.platform.problems import Problem
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.platform.settings import Settings
from groundswell.web.responses import see_other
from groundswell.web.templating import page
from groundswell.webhooks import endpoints
from groundswell.webhooks.kinds import KIND_INFO, KINDS, Kind
from groundswell.webhooks.tables import WebhookEndpoint

from .shell import ConsoleRoute, staff_page

router = APIRouter(prefix="/console/connections", route_class=ConsoleRoute)
Joiner = Annotated[Caller, Depends(staff_page("keys.manage"))]

PAGE = 50
NO_STORE = "no-store"
STATUSES = ("waiting", "delivered", "failed", "dropped")


class KeyFormInvalid(Problem):
    status, code, title = 422, "key_form_invalid", "A key has a name of at most 80 letters, and one scope at least."


def scope_words() -> dict[str, str]:
    """What each scope lets a key do."""
    return {
        scope: " ".join(power.what for power in POWERS.values() if scope in power.scopes) for scope in sorted(SCOPES)
    }


@router.get("")
async def overview(request: Request, session: DbSession, caller: Joiner) -> Response:
    """The three ways in which a service is joined, and how each is."""
    settings = services_of(request).settings
    keys = await keys_and_uses(session)
    shown: dict[str, Any] = {
        "keys": [(key, used_at) for key, used_at in keys if key.revoked_at is None],
        "hooks": await endpoints.all_endpoints(session),
        "settings": settings,
        "callback": absolute(settings, "/session/callback"),
    }
    return page(request, "console/connections/overview.html", caller=caller, **shown)


async def _keys_page(request: Request, session: AsyncSession, caller: Caller, **more: Any) -> Response:
    keys = await keys_and_uses(session)
    shown: dict[str, Any] = {"saved": "", "made": None, "scope_words": scope_words(), **more}
    return page(request, "console/connections/keys.html", caller=caller, keys=keys, **shown)


@router.get("/keys")
async def list_keys(
    request: Request, session: DbSession, caller: Joiner, saved: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """Every service key, with its scopes and its last use."""
    return await _keys_page(request, session, caller, saved=saved)


@router.post("/keys")
@kept_to(f"{MOST} keys that hold.")
async def new_key(
    request: Request,
    session: DbSession,
    caller: Joiner,
    name: Annotated[str, Form(max_length=200)] = "",
    scopes: Annotated[Sequence[str], Form()] = (),
) -> Response:
    """Make a key. The page that answers shows it, this once."""
    name = " ".join(name.replace("\0", "").split())
    if not name or len(name) > 80 or not scopes or not set(scopes) <= set(SCOPES):
        raise KeyFormInvalid()
    made = await make_key(session, name, sorted(set(scopes)))
    answer = await _keys_page(request, session, caller, made=made, made_name=name)
    answer.headers["Cache-Control"] = NO_STORE
    return answer


@router.post("/keys/{key_id}/revoke")
async def revoke_key(key_id: UUID, session: DbSession, caller: Joiner) -> Response:
    """Revoke a key: it is refused from the next request on."""
    await revoke_one(session, key_id)
    return see_other("/console/connections/keys?saved=revoked")


@router.get("/webhooks")
async def list_hooks(request: Request, session: DbSession, caller: Joiner) -> Response:
    """Every webhook, how it is, and a form for another."""
    return await _hooks_page(request, session, caller)


async def _hooks_page(request: Request, session: AsyncSession, caller: Caller, **more: Any) -> Response:
    typed: dict[str, Any] = {"problem": None, "name": "", "address": "", "chosen": (), **more}
    hooks = await endpoints.all_endpoints(session)
    return page(request, "console/connections/webhooks.html", caller=caller, hooks=hooks, kinds=KIND_INFO, **typed)


@router.post("/webhooks")
async def new_hook(
    request: Request,
    session: DbSession,
    caller: Joiner,
    name: Annotated[str, Form(max_length=80)] = "",
    address: Annotated[str, Form(max_length=2000)] = "",
    kinds: Annotated[Sequence[Kind], Form()] = (),
) -> Response:
    """Make a webhook, and show its secret, this once. What was typed stays where it is refused."""
    settings, name = services_of(request).settings, " ".join(name.replace("\0", "").split())
    try:
        hook, secret = await endpoints.make_endpoint(
            session, settings, name or _host(address), address.strip(), () if set(kinds) == set(KINDS) else kinds
        )
    except Problem as problem:
        typed: dict[str, Any] = {"name": name, "address": address, "chosen": kinds}
        answer = await _hooks_page(request, session, caller, problem=problem, **typed)
        answer.status_code = problem.status
        return answer
    return await _hook_page(request, session, caller, hook, secret=secret)


def _host(address: str) -> str:
    return address.split("://", 1)[-1].split("/", 1)[0][:80] or "webhook"


async def _hook_page(
    request: Request, session: AsyncSession, caller: Caller, hook: WebhookEndpoint, **more: Any
) -> Response:
    shown: dict[str, Any] = {"secret": None, "rotated": False, "saved": "", "before": None, "status": None, **more}
    rows = await endpoints.deliveries(session, hook.id, shown["before"], PAGE, shown.pop("status"))
    shown |= {"hook": hook, "rows": rows, "older_than": rows[-1][0].id if len(rows) == PAGE else None}
    chosen = more.get("status")
    answer = page(
        request,
        "console/connections/webhook.html",
        caller=caller,
        kinds=KIND_INFO,
        statuses=STATUSES,
        chosen=chosen,
        **shown,
    )
    answer.headers["Cache-Control"] = NO_STORE
    return answer


@router.get("/webhooks/{hook_id}")
async def read_hook(
    hook_id: UUID,
    request: Request,
    session: DbSession,
    caller: Joiner,
    before: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    status: Annotated[str | None, Query(pattern="^(waiting|delivered|failed|dropped)?$")] = None,
    saved: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """One webhook: how it is, its log, and what can be done with it."""
    hook = await endpoints.find_endpoint(session, hook_id)
    return await _hook_page(request, session, caller, hook, before=before, status=status or None, saved=saved)


def _back(hook_id: UUID, saved: str) -> Response:
    return see_other(f"/console/connections/webhooks/{hook_id}?saved={saved}")


@router.post("/webhooks/{hook_id}/secret")
async def new_secret(hook_id: UUID, request: Request, session: DbSession, caller: Joiner) -> Response:
    """Make a new secret, and show it, this once."""
    hook, secret = await endpoints.replace_secret(session, _settings(request), hook_id)
    return await _hook_page(request, session, caller, hook, secret=secret, rotated=True)


@router.post("/webhooks/{hook_id}/switch")
async def switch(
    hook_id: UUID, request: Request, session: DbSession, caller: Joiner, on: Annotated[bool, Form()]
) -> Response:
    """Turn it off, or on again."""
    await endpoints.change_endpoint(session, _settings(request), hook_id, on=on)
    return _back(hook_id, "on" if on else "off")


@router.post("/webhooks/{hook_id}/kinds")
async def choose_kinds(
    hook_id: UUID,
    request: Request,
    session: DbSession,
    caller: Joiner,
    kinds: Annotated[Sequence[Kind], Form()] = (),
) -> Response:
    """Choose what it is told; none chosen, or all: everything."""
    chosen = () if set(kinds) == set(KINDS) else kinds
    await endpoints.change_endpoint(session, _settings(request), hook_id, kinds=chosen)
    return _back(hook_id, "kinds")


@router.post("/webhooks/{hook_id}/example")
async def example(hook_id: UUID, session: DbSession, caller: Joiner, kind: Annotated[Kind, Form()]) -> Response:
    """Send an example."""
    await endpoints.send_example(session, hook_id, kind)
    return _back(hook_id, "example")


@router.post("/webhooks/{hook_id}/deliveries/{delivery_id}/replay")
async def replay(hook_id: UUID, delivery_id: int, session: DbSession, caller: Joiner) -> Response:
    """Send a message once more."""
    await endpoints.send_again(session, hook_id, delivery_id)
    return _back(hook_id, "replayed")


@router.post("/webhooks/{hook_id}/remove")
async def remove(hook_id: UUID, session: DbSession, caller: Joiner) -> Response:
    """Remove it with its log."""
    await endpoints.remove_endpoint(session, hook_id)
    return see_other("/console/connections/webhooks")


def _settings(request: Request) -> Settings:
    return services_of(request).settings

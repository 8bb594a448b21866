"""Lumen's desk: joining, signing in as somebody, and the membership. Money is a button; the reports are real."""

import re
from typing import Annotated, Any
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import CrossSite, claims_of
from groundswell.accounts.api import clear_session, set_session
from groundswell.accounts.tokens import TokenMissing
from groundswell.platform.problems import NotFound, Problem
from groundswell.platform.routing import DbSession
from groundswell.web.pages.people import MaybeViewer, Member
from groundswell.web.pages.route import PageRoute
from groundswell.web.templating import page

from . import membership
from .lineup import showing
from .people import BY_SUBJECT, PERSONAS, Persona, account_of, live_subscription
from .tables import Account, Subscription

router = APIRouter(route_class=PageRoute)

Field = Annotated[str, Form(max_length=400)]
Next = Annotated[str, Form(max_length=1000)]


@router.get("/join")
async def join_page(request: Request, session: DbSession, caller: MaybeViewer, next: str = "/") -> Response:
    """The form that makes an account, saying what one returns to."""
    return page(request, "demo/join.html", caller=caller, **await bound_for(session, next))


@router.post("/join")
async def join(request: Request, session: DbSession, name: Field = "", email: Field = "", next: Next = "/") -> Response:
    """Make the account, report the sign-up with the visit that led here, and go back to the same second."""
    same_site(request)
    target = local(next)
    try:
        account = membership.new_account(name, email)
        token = request.app.state.identity.token(account.subject, account.name)
        await membership.join(session, account, token, touch_in(target), request.app.state.reporter)
    except Problem as problem:
        typed: dict[str, Any] = {"problem": problem, "name": name, "email": email}
        return page(request, "demo/join.html", status=problem.status, **typed, **await bound_for(session, target))
    return signed_in(request, token, target)


@router.get("/sign-in")
async def sign_in_page(
    request: Request, caller: MaybeViewer, next: str = "", as_: Annotated[str, Query(alias="as")] = ""
) -> Response:
    """Whom to be; ``as`` names one of the demo's people and signs in at once."""
    target = local(next) if next else ""
    if as_ in BY_SUBJECT:
        return signed_in_as(request, BY_SUBJECT[as_], target)
    return page(request, "demo/sign_in.html", caller=caller, personas=PERSONAS, next=target)


@router.post("/sign-in")
async def sign_in(
    request: Request, session: DbSession, who: Field = "", email: Field = "", next: Next = ""
) -> Response:
    """Sign in as one of the demo's people, or with the email that one joined with."""
    same_site(request)
    persona = BY_SUBJECT.get(who)
    if persona is not None:
        return signed_in_as(request, persona, local(next) if next else "")
    account = await session.scalar(select(Account).filter_by(email=email.strip().lower()))
    if account is None:
        unknown: dict[str, Any] = {"unknown": email, "personas": PERSONAS, "next": local(next) if next else ""}
        return page(request, "demo/sign_in.html", status=404, **unknown)
    return signed_in(request, request.app.state.identity.token(account.subject, account.name), local(next or "/"))


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """Forget who is signed in."""
    same_site(request)
    response = RedirectResponse("/", 303)
    clear_session(response)
    return response


@router.get("/account")
async def account_page(request: Request, session: DbSession, caller: Member, done: str = "") -> Response:
    """What one pays for, with the buttons that change it."""
    subject = caller.viewer.subject
    account = await account_of(session, subject)
    return page(
        request,
        "demo/account.html",
        caller=caller,
        persona=BY_SUBJECT.get(subject),
        account=account,
        subscription=await live_subscription(session, account),
        last=await last_subscription(session, account),
        price=(membership.PRICE_MINOR, membership.CURRENCY),
        done=done,
    )


@router.post("/account/{action}")
async def change(
    request: Request, session: DbSession, action: str, next: Next = "/account", touch: Field = ""
) -> Response:
    """Subscribe, cancel or be refunded; each is reported before it counts."""
    account, reporter = await customer(request, session), request.app.state.reporter
    if action == "subscribe":
        await membership.subscribe(session, account, touch or touch_in(local(next)), reporter)
    elif action == "cancel":
        await membership.cancel(session, account, reporter)
    elif action == "refund":
        await membership.refund(session, account, reporter)
    else:
        raise NotFound("There is no such action.")
    target = local(next)
    return RedirectResponse(f"{target}?done={action}" if target == "/account" else target, 303)


async def customer(request: Request, session: AsyncSession) -> Account:
    """The account of whoever is signed in. Does not touch Groundswell's own rows about them, which the report needs.

    Raises:
        TokenMissing: nobody is signed in.
        NothingToPay: one of the demo's own people, who watch for free.
    """
    claims = await claims_of(request)
    if claims is None:
        raise TokenMissing()
    account = await account_of(session, claims.subject)
    if account is None:
        raise membership.NothingToPay("The demo's own people watch for free; join as somebody new to pay.")
    return account


async def last_subscription(session: AsyncSession, account: Account | None) -> Subscription | None:
    """The latest membership, running or not."""
    if account is None:
        return None
    query = select(Subscription).filter_by(account_id=account.id).order_by(Subscription.id.desc()).limit(1)
    subscription: Subscription | None = await session.scalar(query)
    return subscription


def signed_in(request: Request, token: str, target: str) -> Response:
    """Keep the session and go on."""
    response = RedirectResponse(target, 303)
    set_session(response, token, secure=request.app.state.settings.base_url.startswith("https:"))
    return response


def signed_in_as(request: Request, persona: Persona, target: str) -> Response:
    """One of the demo's people, at ``target`` or where their work is."""
    token = request.app.state.identity.token(persona.subject, persona.name, roles=persona.roles)
    return signed_in(request, token, target or persona.home)


def local(target: str) -> str:
    """``target`` when it is a path of this site, else the home page: nobody is sent elsewhere."""
    return target if re.fullmatch(r"/(?![/\\])[\x21-\x7e]*", target) else "/"


def touch_in(target: str) -> str | None:
    """The touch token in the address one returns to."""
    return next(iter(parse_qs(urlsplit(target).query).get("gs", [])), None)


async def bound_for(session: AsyncSession, target: str) -> dict[str, Any]:
    """What the join page says about where one goes on: the title and its second."""
    address = urlsplit(local(target))
    match = re.fullmatch(r"/watch/([^/]+)", address.path)
    title = None
    if match:
        try:
            title = await showing(session, match[1])
        except Problem:
            title = None  # an address that leads nowhere says so when one gets there
    second = next(iter(parse_qs(address.query).get("t", ["0"])), "0")
    start_s = int(second) if second.isdigit() else 0
    price = (membership.PRICE_MINOR, membership.CURRENCY)
    return {"next": local(target), "title": title, "start_s": start_s, "price": price}


def same_site(request: Request) -> None:
    """Forms of other sites do not work here.

    Raises:
        CrossSite: the browser says that another site sent this.
    """
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise CrossSite()

"""Lumen's desk: joining, signing in as somebody, and the membership. Money is a button; the reports are real."""

import re
from typing import Annotated, Any
from urllib.parse import parse_qs, urlencode, urlsplit

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts import sessions
from groundswell.accounts.access import COOKIE, claims_of
from groundswell.accounts.cross_site import refuse_cross_site
from groundswell.accounts.hand_over import PATH as HAND_OVER
from groundswell.accounts.tokens import TokenMissing
from groundswell.platform.addresses import is_path
from groundswell.platform.problems import NotFound, Problem
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.web.page_auth import MaybeViewer, Member
from groundswell.web.page_route import PageRoute
from groundswell.web.session import cookies
from groundswell.web.session.own_name import under_our_name
from groundswell.web.templating import page

from . import membership
from .identity import IdentityProvider
from .lineup import showing
from .people import BY_SUBJECT, PERSONAS, Persona, account_of, live_subscription
from .reporter import Reporter
from .tables import Account, Subscription

router = APIRouter(route_class=PageRoute)

Field = Annotated[str, Form(max_length=400)]
Next = Annotated[str, Form(max_length=1000)]
Code = Annotated[str, Query(max_length=20)]


@router.get("/join")
async def join_page(
    request: Request, session: DbSession, caller: MaybeViewer, next: str = "/", code: Code = ""
) -> Response:
    """The form that makes an account, saying what one returns to; ``code`` is a creator's, from their link."""
    if (elsewhere := under_our_name(services_of(request).settings, request)) is not None:
        return elsewhere
    return page(request, "demo/join.html", caller=caller, code=code, **await bound_for(session, local(request, next)))


@router.post("/join")
async def join(
    request: Request,
    session: DbSession,
    name: Field = "",
    email: Field = "",
    code: Field = "",
    next: Next = "/",
    membership_too: Annotated[bool, Form(alias="membership")] = False,
) -> Response:
    """Make the account, and the membership where that was asked for; report both with the visit or the creator's code
    that led here, and go back to the same second."""
    same_site(request)
    target = local(request, next)
    try:
        account = membership.new_account(name, email)
        token = _identity(request).token(account.subject, account.name)
        led = membership.LedBy(touch_in(target), code.strip() or None)
        reporter = services_of(request).get(Reporter)
        await membership.join(session, account, token, led, reporter)
        if membership_too:
            await membership.subscribe(session, account, led.touch, reporter)
    except Problem as problem:
        typed: dict[str, Any] = {
            "problem": problem,
            "name": name,
            "email": email,
            "code": code,
            "membership": membership_too,
        }
        return page(request, "demo/join.html", status=problem.status, **typed, **await bound_for(session, target))
    return signed_in(request, token, target)


@router.get("/sign-in")
async def sign_in_page(
    request: Request, caller: MaybeViewer, next: str = "", as_: Annotated[str, Query(alias="as")] = ""
) -> Response:
    """Whom to be; ``as`` names one of the demo's people and signs in at once."""
    if (elsewhere := under_our_name(services_of(request).settings, request)) is not None:
        return elsewhere
    target = local(request, next) if next else ""
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
        return signed_in_as(request, persona, local(request, next) if next else "")
    account = await session.scalar(select(Account).filter_by(email=email.strip().lower()))
    if account is None:
        unknown: dict[str, Any] = {"unknown": email, "personas": PERSONAS, "next": local(request, next) if next else ""}
        return page(request, "demo/sign_in.html", status=404, **unknown)
    return signed_in(request, _identity(request).token(account.subject, account.name), local(request, next or "/"))


@router.post("/sign-out")
async def sign_out(request: Request, session: DbSession) -> Response:
    """Forget who is signed in."""
    same_site(request)
    await sessions.end(session, request.cookies.get(COOKIE, ""))
    response = RedirectResponse("/", 303)
    cookies.forget(response)
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
    account, reporter = await customer(request, session), services_of(request).get(Reporter)
    if action == "subscribe":
        await membership.subscribe(session, account, touch or touch_in(local(request, next)), reporter)
    elif action == "cancel":
        await membership.cancel(session, account, reporter)
    elif action == "refund":
        await membership.refund(session, account, reporter)
    else:
        raise NotFound("There is no such action.")
    target = local(request, next)
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
    """Hand them over to Groundswell with the service's token, to go on at ``target``: where Groundswell sent them from,
    which then knows where that was, or a page."""
    asked = is_hand_over(target)
    said = {"token": token} if asked else {"token": token, "return": target}
    return RedirectResponse(f"{target}&{urlencode(said)}" if asked else f"{HAND_OVER}?{urlencode(said)}", 303)


def is_hand_over(target: str) -> bool:
    """Whether ``target`` is the address to which Groundswell wants somebody handed over."""
    return target.startswith(f"{HAND_OVER}?")


def signed_in_as(request: Request, persona: Persona, target: str) -> Response:
    """One of the demo's people, at ``target`` or where their work is. Staff sign in at the demo's OpenID provider."""
    if persona.roles and not is_hand_over(target):
        said = {"login_hint": persona.subject, "return": target or persona.home}
        return RedirectResponse(f"/session/staff?{urlencode(said)}", 303)
    token = _identity(request).token(persona.subject, persona.name, roles=persona.roles)
    return signed_in(request, token, target or persona.home)


def local(request: Request, target: str) -> str:
    """``target`` as a path of this site when it is one, with or without our name before it, else the home page: nobody
    is sent elsewhere."""
    target = target.removeprefix(services_of(request).settings.base_url.rstrip("/"))
    return target if is_path(target) else "/"


def touch_in(target: str) -> str | None:
    """The touch token in the address one returns to."""
    return next(iter(parse_qs(urlsplit(target).query).get("gs", [])), None)


async def bound_for(session: AsyncSession, target: str) -> dict[str, Any]:
    """What the join page says about where one goes on: the title and its second."""
    address = urlsplit(target)
    match = re.fullmatch(r"/watch/([^/]+)", address.path)
    title = None
    if match:
        try:
            title = await showing(session, match[1])
        except Problem:
            title = None  # an address that leads nowhere says so when one gets there
    second = next(iter(parse_qs(address.query).get("t", ["0"])), "0")
    start_s = int(second) if second.isdecimal() and len(second) < 8 else 0
    price = (membership.PRICE_MINOR, membership.CURRENCY)
    return {"next": target, "title": title, "start_s": start_s, "price": price}


def same_site(request: Request) -> None:
    """Forms of other sites do not work here.

    Raises:
        CrossSite: the browser says that another site sent this.
    """
    refuse_cross_site(request.headers)


def _identity(request: Request) -> IdentityProvider:
    return services_of(request).get(IdentityProvider)

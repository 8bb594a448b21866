"""Where I am paid, phone first: entered by the creator alone, with what is still missing said before anything else."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.creators import profiles
from groundswell.creators.programme_files import minor_units
from groundswell.creators.tables import Creator
from groundswell.earnings import payouts, thresholds
from groundswell.earnings.rules import minimum_payout
from groundswell.payouts import payees, stripe_accounts
from groundswell.payouts.payee_vault import PayeeUnreadable
from groundswell.payouts.requirements import EU, MISSING
from groundswell.payouts.schemas import NewPayee, PayeeOut
from groundswell.platform.currencies import in_use
from groundswell.platform.problems import Invalid, Problem
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.web.page_auth import Member
from groundswell.web.page_route import PageRoute
from groundswell.web.responses import see_other
from groundswell.web.templating import page

router = APIRouter(prefix="/creator/payee", route_class=PageRoute)

EMPTY = {
    "kind": "person", "legal_name": "", "street": "", "postcode": "", "town": "", "country": "", "iban": "", "bic": "",
    "born_on": "", "tax_number": "", "vat_number": "", "signed_on": "",
}  # fmt: skip
WORDS = {
    "legal_name": "Your name as your bank has it: 1 to 70 characters.",
    "street": "Street and number: 1 to 70 characters.",
    "postcode": "The postcode: 1 to 16 characters.",
    "town": "The town: 1 to 70 characters.",
    "country": "Two letters, such as DE or FR.",
    "iban": "This is no IBAN: look at its digits once more.",
    "bic": "This is no BIC: it has 8 or 11 letters and digits.",
    "born_on": "A day such as 1990-02-28.",
    "tax_number": "This is no tax number of that country.",
    "vat_number": "This is no VAT number of that country.",
    "forms": "A day such as 2026-02-28.",
}


@router.get("")
async def read_payee(request: Request, session: DbSession, caller: Member, saved: str | None = None) -> Response:
    """What is missing, and the form."""
    try:
        creator = await profiles.own(session, caller.id)
    except profiles.CreatorMissing:
        return see_other("/creator")
    return await _shown(request, session, caller, creator, saved=saved == "1")


async def _shown(
    request: Request,
    session: AsyncSession,
    caller: Member,
    creator: Creator,
    form: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    problem: Problem | None = None,
    saved: bool = False,
    stripe_link: str | None = None,
) -> Response:
    settings = services_of(request).settings
    kept = None
    try:
        kept = await payees.own_payee(session, settings, creator, caller.actor)
    except payees.PayeeMissing:
        pass
    except PayeeUnreadable as unreadable:
        problem = problem or unreadable
    country = payees.payer_country(settings)
    currencies = sorted({*await payouts.due(session, creator.id), "EUR"})
    return page(
        request,
        "creator/payee.html",
        status=422 if errors else problem.status if problem and (form or request.method == "POST") else 200,
        headers={"Cache-Control": "no-store"},
        caller=caller,
        kept=kept,
        missing=[MISSING[code] for code in await payees.missing_for(session, creator)],
        form=form or _form_of(kept),
        errors=errors or {},
        problem=problem,
        saved=saved,
        thresholds=await thresholds.chosen(session, creator.id),
        currencies=currencies,
        currency_options=[(each, each) for each in currencies],
        lowest=minimum_payout,
        stripe=settings.stripe_secret_key is not None,
        stripe_account=await stripe_accounts.of_creator(session, creator.id),
        stripe_link=stripe_link,
        asks_form="US" if country == "US" else "EU" if country in EU else "",
    )


def _form_of(kept: PayeeOut | None) -> dict[str, str]:
    """What is kept, for the form; the account is never written out again."""
    if kept is None:
        return EMPTY
    plain = {name: str(getattr(kept, name) or "") for name in EMPTY if hasattr(kept, name)}
    signed = max((form.signed_on for form in kept.forms), default=None)
    return EMPTY | plain | {"iban": "", "signed_on": signed.isoformat() if signed else ""}


Text = Annotated[str, Form(max_length=200)]


@router.post("")
async def enter_payee(
    request: Request,
    session: DbSession,
    caller: Member,
    kind: Text = "person",
    legal_name: Text = "",
    street: Text = "",
    postcode: Text = "",
    town: Text = "",
    country: Text = "",
    iban: Text = "",
    bic: Text = "",
    born_on: Text = "",
    tax_number: Text = "",
    vat_number: Text = "",
    signed_on: Text = "",
) -> Response:
    """Keep what was typed; what cannot be is said beside its field, and nothing typed is lost."""
    creator = await profiles.own(session, caller.id)
    form = {
        "kind": kind, "legal_name": legal_name, "street": street, "postcode": postcode, "town": town,
        "country": country, "iban": iban, "bic": bic, "born_on": born_on, "tax_number": tax_number,
        "vat_number": vat_number,
    }  # fmt: skip
    forms = []
    if signed_on.strip():
        forms = [{"kind": "w9" if country.strip().upper() == "US" else "w8ben", "signed_on": signed_on}]
    try:
        new = NewPayee.model_validate({**form, "forms": forms})
        async with session.begin_nested():
            await payees.enter(session, services_of(request).settings, creator, new, caller.actor)
        return see_other("/creator/payee?saved=1")
    except ValidationError as invalid:
        errors, problem = _errors(invalid, form), None
    except Invalid as refused:
        errors, problem = ({"iban": WORDS["iban"]}, None) if not iban.strip() else ({}, refused)
    return await _shown(request, session, caller, creator, form | {"signed_on": signed_on}, errors, problem)


@router.post("/threshold")
async def choose_threshold(
    request: Request, session: DbSession, caller: Member, currency: Text = "", least: Text = ""
) -> Response:
    """Be paid in a currency once so much is due; left empty, as soon as there is enough to pay out."""
    creator = await profiles.own(session, caller.id)
    money = currency.strip().upper()
    try:
        if money not in in_use():
            raise thresholds.ThresholdImpossible("Say in which currency, such as EUR.")
        amount = minor_units(f"{least.strip()} {money}", money) if least.strip() else None
        await thresholds.choose(session, creator.id, money, amount)
    except Problem as refused:
        return await _shown(request, session, caller, creator, problem=refused)
    return see_other("/creator/payee?saved=1#threshold")


@router.post("/stripe")
async def open_stripe(request: Request, session: DbSession, caller: Member) -> Response:
    """Have an account made at Stripe, or go on with it: the page then has the way there."""
    creator = await profiles.own(session, caller.id)
    settings = services_of(request).settings
    try:
        back = f"{settings.base_url}/creator/payee"
        async with session.begin_nested():
            link = await stripe_accounts.open_account(session, settings, creator, back)
    except Problem as refused:
        return await _shown(request, session, caller, creator, problem=refused)
    return await _shown(request, session, caller, creator, stripe_link=link)


def _errors(invalid: ValidationError, form: dict[str, str]) -> dict[str, str]:
    """What is wrong, by field; a number that its country did not give is told of beside it."""
    found: dict[str, str] = {}
    for error in invalid.errors():
        place: Any = error["loc"][0] if error["loc"] else ("vat_number" if "VAT" in error["msg"] else "tax_number")
        found["signed_on" if place == "forms" else str(place)] = WORDS.get(str(place), "This cannot be kept.")
    return found

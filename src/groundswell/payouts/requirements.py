"""What has to be known of a payee before anything leaves, as rules with the day they hold on. Pure.

Sources: Regulation (EU) 260/2012 (SEPA: name and IBAN); Directive (EU) 2021/514 (DAC7: who pays sellers in the Union
reports their tax number and, of people, the day of birth); Instructions for Forms W-9 and W-8BEN (2021: a W-8BEN holds
to the end of the third calendar year after it was signed).
"""

from collections.abc import Sequence
from datetime import date

from .bank_text import NAME_MOST, bank_text
from .schemas import PayeeFacts

EU = frozenset("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split())
ADULT_YEARS = 18
W8_YEARS = 3

MISSING = {
    "payee_missing": "Say where you want to be paid.",
    "name_unwritable": "Write the name in letters that a bank can write.",
    "account_missing": "Say into which account: an IBAN, or an account at Stripe where that is offered.",
    "bic_missing": "Say which bank (BIC): it cannot be told from the account.",
    "tax_number_missing": "Give your tax number: the law asks for it.",
    "born_on_missing": "Give your day of birth: the law asks for it.",
    "payee_minor": "Somebody of age has to be paid in your place.",
    "w9_missing": "Give the date on which you signed Form W-9.",
    "w8ben_missing": "Give the date on which you signed Form W-8BEN.",
    "tax_form_expired": "Your tax form has run out: sign a new one.",
    "terms_missing": "Accept the terms as they are now: on your page, under My results.",
    "stripe_account_missing": "Open an account at Stripe: on the page that says where you are paid.",
    "account_returned": "The last payment came back: look at the account, and save it again.",
}
"""What each code asks the creator for."""


def missing_of(facts: PayeeFacts | None, payer_country: str | None, today: date) -> list[str]:
    """What is missing before ``facts`` can be paid, as codes of ``MISSING``; nothing when all is there.

    Into which account is asked for by the rail by which they are paid.

    Args:
        payer_country: where the money comes from (ISO 3166-1 alpha-2), by whose law is asked; None: not known yet.
    """
    if facts is None:
        return ["payee_missing"]
    found = [
        "name_unwritable" * (not bank_text(facts.legal_name, NAME_MOST)),
        "bic_missing" * (facts.iban is not None and facts.bank is None),
        "payee_minor" * (facts.born_on is not None and _years(facts.born_on, today) < ADULT_YEARS),
        *_of_law(facts, payer_country, today),
    ]
    return [code for code in found if code]


def _of_law(facts: PayeeFacts, payer_country: str | None, today: date) -> Sequence[str]:
    if payer_country in EU and facts.country in EU:
        number = facts.tax_number if facts.kind == "person" else facts.vat_number or facts.tax_number
        return ["tax_number_missing" * (not number), "born_on_missing" * (facts.kind == "person" and not facts.born_on)]
    if payer_country != "US":
        return []
    wanted = "w9" if facts.country == "US" else "w8ben"
    signed = facts.signed(wanted)
    unnumbered = ["tax_number_missing" * (wanted == "w9" and not facts.tax_number)]
    if signed is None:
        return [*unnumbered, f"{wanted}_missing"]
    until = good_until(facts, payer_country)
    return [*unnumbered, "tax_form_expired" * (until is not None and until < today)]


def good_until(facts: PayeeFacts, payer_country: str | None) -> date | None:
    """The last day on which the tax form that is asked for holds; None: for good, or none is asked for."""
    if payer_country != "US" or facts.country == "US":
        return None
    signed = facts.signed("w8ben")
    return None if signed is None else date(signed.year + W8_YEARS, 12, 31)


def _years(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))

"""Tax numbers of people and businesses, checked as the country that gave them makes them (python-stdnum). Pure."""

from importlib import import_module

from stdnum import get_cc_module
from stdnum.exceptions import ValidationError as NumberInvalid

PERSONAL = {
    "AT": "at.tin", "BE": "be.nn", "CH": "ch.ssn", "DE": "de.idnr", "DK": "dk.cpr", "EE": "ee.ik", "ES": "es.nif",
    "FI": "fi.hetu", "FR": "fr.nif", "GB": "gb.utr", "IT": "it.codicefiscale", "NL": "nl.bsn",
    "NO": "no.fodselsnummer", "PL": "pl.pesel", "PT": "pt.nif", "SE": "se.personnummer", "US": "us.tin",
}  # fmt: skip
"""Where a country's number for people is checked. Of others only that it is one is known."""


def tax_number(country: str, number: str) -> str:
    """A person's tax number, as the country writes it.

    Raises:
        ValueError: none that the country gives.
    """
    if country not in PERSONAL:
        return _plain(number)
    return _checked(import_module(f"stdnum.{PERSONAL[country]}"), number, f"no tax number of {country}")


def vat_number(country: str, number: str) -> str:
    """A business's number for value added tax.

    Raises:
        ValueError: none that the country gives.
    """
    module = get_cc_module(country, "vat")
    if module is None:
        return _plain(number)
    bare = number.strip().upper().removeprefix(country)
    return _checked(module, bare, f"no VAT number of {country}")


def is_checked(country: str, kind: str) -> bool:
    """Whether more than the shape of a number is looked at."""
    return country in PERSONAL if kind == "person" else get_cc_module(country, "vat") is not None


def _checked(module: object, number: str, otherwise: str) -> str:
    try:
        return str(module.validate(number))  # type: ignore[attr-defined]
    except (NumberInvalid, ValueError):
        raise ValueError(otherwise) from None


def _plain(number: str) -> str:
    plain = "".join(character for character in number.upper() if character.isalnum())
    if not 4 <= len(plain) <= 20 or not plain.isascii():
        raise ValueError("a tax number has 4 to 20 letters and digits")
    return plain

"""The bank's file: held to ISO's own schema whoever is in it, and exact to the minor unit of every currency."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from defusedxml import ElementTree
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.payouts.bank_text import NAME_MOST, bank_text
from groundswell.payouts.pain001 import NAMESPACE, FileHeader, Transfer, amount_text, write_file

IBANS = ["DE89370400440532013000", "FR1420041010050500013M02606", "KW81CBKU0000000000001234560101"]
SEPA = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-?:().,'+ ")


def header(currency: str) -> FileHeader:
    made_at = datetime(2026, 11, 29, 12, tzinfo=UTC)
    return FileHeader("0" * 32, "Lumen", IBANS[0], "COBADEFFXXX", currency, date(2026, 12, 1), made_at)


def transfer(number: int, name: str, minor: int) -> Transfer:
    return Transfer(
        f"{number:032x}", name, IBANS[number % 3], None, "DE", "Straße 1", "10115", "Łódź", minor, "Lumen payout 1-1"
    )


def of(currency: str, transfers: list[Transfer]) -> list[str]:
    """The amounts in a file, and its control sum."""
    root = ElementTree.fromstring(write_file(header(currency), transfers))
    places = ("InstdAmt", "CtrlSum")
    return [each.text or "" for place in places for each in root.iter(f"{{{NAMESPACE}}}{place}")]


def test_amounts_have_the_digits_of_their_currency() -> None:
    assert [amount_text(1234, each) for each in ("EUR", "JPY", "KWD")] == ["12.34", "1234", "1.234"]
    assert amount_text(1, "KWD") == "0.001"
    assert of("JPY", [transfer(1, "Noor", 500)]) == ["500", "500", "500"]
    assert of("KWD", [transfer(2, "Noor", 500), transfer(3, "Kofi", 1)]) == ["0.500", "0.001", "0.501", "0.501"]


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.tuples(st.text(min_size=1, max_size=90), st.integers(1, 10**12)), min_size=1, max_size=5),
    st.sampled_from(["EUR", "JPY", "KWD", "SEK"]),
)
def test_whatever_people_are_called_the_file_holds_to_the_schema_and_to_the_sum(
    people: list[tuple[str, int]], currency: str
) -> None:
    named = [(bank_text(name, NAME_MOST) or "Nobody", minor) for name, minor in people]
    amounts = of(currency, [transfer(number, name, minor) for number, (name, minor) in enumerate(named)])
    *each, group, whole = amounts
    assert group == whole
    assert sum(Decimal(one) for one in each) == Decimal(whole)
    digits = {"EUR": 2, "SEK": 2, "JPY": 0, "KWD": 3}[currency]
    assert Decimal(whole).scaleb(digits) == sum(minor for _, minor in people)


@settings(max_examples=100)
@given(st.text(max_size=200), st.integers(1, 140))
def test_text_for_banks_has_only_letters_that_they_take(text: str, most: int) -> None:
    plain = bank_text(text, most)
    assert set(plain) <= SEPA
    assert len(plain) <= most
    assert not plain.startswith(("/", " "))
    assert "//" not in plain
    assert bank_text(plain, most) == plain


def test_names_are_transliterated() -> None:
    assert bank_text("Łukasz Żółć & Söhne", 70) == "Lukasz Zolc + Sohne"
    assert bank_text("نور", 70)
    assert bank_text("山田 太郎", 70) == "Shan Tian Tai Lang"
    assert bank_text("🎬🎬", 70) == ""


def test_a_file_that_the_schema_forbids_is_none() -> None:
    with pytest.raises(ValueError):  # an end-to-end id has 35 characters at most
        write_file(header("EUR"), [Transfer("x" * 40, "Noor", IBANS[0], None, "DE", "a", "1", "b", 1, "t")])

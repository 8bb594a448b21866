"""What is asked of whom, by the law of where the money comes from; and details that nobody else can read."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr, ValidationError

from groundswell.payouts.payee_vault import PayeeUnreadable, rewrapped, seal, unseal
from groundswell.payouts.requirements import good_until, missing_of
from groundswell.payouts.schemas import NewPayee, PayeeFacts
from groundswell.platform.settings import Settings

TODAY = date(2026, 11, 29)
IBAN = "DE89 3704 0044 0532 0130 00"


def facts(**changes: Any) -> PayeeFacts:
    plain = {
        "legal_name": "Noor Haddad", "street": "Hauptstraße 1", "postcode": "10115", "town": "Berlin",
        "country": "de", "iban": IBAN, "born_on": "1990-02-28", "tax_number": "36 574 261 809",
    }  # fmt: skip
    return PayeeFacts.model_validate(plain | changes)


def test_details_are_read_as_their_countries_write_them() -> None:
    read = facts()
    assert (read.iban, read.country, read.tax_number) == ("DE89370400440532013000", "DE", "36574261809")
    assert (read.bank, read.masked_iban) == ("COBADEFFXXX", "DE89 … 3000")
    for wrong in (
        {"iban": "DE89370400440532013001"}, {"country": "XX"}, {"bic": "NOBANK"},
        {"born_on": "1899-01-01"}, {"tax_number": "36574261808"}, {"vat_number": "DE136695978"},
        {"legal_name": " "}, {"legal_name": "a\x00b"},
    ):  # fmt: skip
        with pytest.raises(ValidationError):
            facts(**wrong)
    nowhere = facts(iban="")
    assert (nowhere.iban, nowhere.bank, nowhere.masked_iban) == (None, None, ""), "Stripe pays them"
    assert facts(country="JP", tax_number="1234-5678-9012").tax_number == "123456789012"


@pytest.mark.parametrize(
    ("changes", "payer", "missing"),
    [
        ({}, "DE", []),
        ({"tax_number": None, "born_on": None}, "DE", ["tax_number_missing", "born_on_missing"]),
        ({"tax_number": None, "born_on": None}, None, []),
        ({"tax_number": None, "born_on": None}, "CH", []),
        ({"kind": "business", "tax_number": None, "born_on": None}, "DE", ["tax_number_missing"]),
        ({"kind": "business", "tax_number": None, "born_on": None, "vat_number": "DE136695976"}, "DE", []),
        ({"born_on": "2008-11-30"}, "DE", ["payee_minor"]),
        ({"born_on": "2008-11-29"}, "DE", []),
        ({"legal_name": "🎬"}, "DE", ["name_unwritable"]),
        ({"country": "US", "tax_number": "536-90-4399", "iban": "KW81CBKU0000000000001234560101"}, "DE",
         ["bic_missing"]),
        ({"country": "US", "tax_number": "536-90-4399"}, "US", ["w9_missing"]),
        ({"country": "US", "tax_number": None}, "US", ["tax_number_missing", "w9_missing"]),
        ({}, "US", ["w8ben_missing"]),
        ({"forms": [{"kind": "w8ben", "signed_on": "2023-01-01"}]}, "US", []),
        ({"forms": [{"kind": "w8ben", "signed_on": "2022-12-31"}]}, "US", ["tax_form_expired"]),
    ],
)  # fmt: skip
def test_what_is_missing(changes: dict[str, Any], payer: str | None, missing: list[str]) -> None:
    assert missing_of(facts(**changes), payer, TODAY) == missing


def test_a_form_holds_to_the_end_of_the_third_year() -> None:
    signed = facts(forms=[{"kind": "w8ben", "signed_on": "2023-01-01"}, {"kind": "w8ben", "signed_on": "2020-01-01"}])
    assert good_until(signed, "US") == date(2026, 12, 31)
    assert good_until(signed, "DE") is None
    assert missing_of(None, "DE", TODAY) == ["payee_missing"]


def test_an_account_that_is_not_typed_again_stays() -> None:
    again = NewPayee.model_validate(facts().model_dump(mode="json") | {"iban": None, "town": "Potsdam"})
    assert PayeeFacts.model_validate(again.whole(facts())) == facts(town="Potsdam")
    assert again.whole(None)["iban"] is None


def test_details_are_sealed_for_one_creator_and_keys_are_replaced_without_touching_them(tmp_path: Any) -> None:
    old = Settings(data_dir=tmp_path, secret_key=SecretStr("s" * 32))
    noor, content = uuid4(), facts().model_dump_json().encode()
    key, sealed = seal(old, noor, content)
    assert b"Haddad" not in sealed
    assert unseal(old, noor, key, sealed) == content
    with pytest.raises(PayeeUnreadable):
        unseal(old, uuid4(), key, sealed)
    with pytest.raises(PayeeUnreadable):
        unseal(old, noor, key, sealed[:-1] + bytes([sealed[-1] ^ 1]))
    both = old.model_copy(update={"payee_key": SecretStr("k" * 32)})
    alone = both.model_copy(update={"secret_key": SecretStr("t" * 32)})
    alone.__dict__.pop("secret", None)
    with pytest.raises(PayeeUnreadable):
        unseal(alone, noor, key, sealed)
    wrapped = rewrapped(both, key)
    assert unseal(alone, noor, wrapped, sealed) == content
    with pytest.raises(PayeeUnreadable):
        rewrapped(alone, key)

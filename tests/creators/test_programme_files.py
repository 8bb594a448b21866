"""What other programmes export: each one's columns, amounts as they write them, and a reason for each line that says
nothing."""

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.creators.programme_files import (
    AmountUnreadable,
    CommissionLine,
    PartnerLine,
    ProgrammeColumnsMissing,
    ProgrammeFileUnreadable,
    code_of,
    minor_units,
    read_file,
)
from groundswell.platform.problems import Invalid

DUB_PARTNERS = b"""ID,Name,Email,Country,Status,Enrolled at,Payouts enabled at,Tenant ID,Link
pn_1,Noor Haddad,noor@example.com,DE,approved,2025-02-01T10:00:00.000Z,,noor,https://go.example/noor
pn_2,Kofi,kofi@example.com,GH,banned,2025-02-01T10:00:00.000Z,,,https://go.example/kofi
pn_3,'=Lena,LENA@example.com,FR,approved,2025-02-01T10:00:00.000Z,,,
"""
DUB_COMMISSIONS = b"""ID,Type,Amount,Earnings,Currency,Status,Invoice ID,Quantity,Created at,Partner ID,Partner email
cm_1,sale,"$1,299.00",$259.80,usd,paid,in_1,1,2025-03-01T10:00:00.000Z,pn_1,noor@example.com
cm_2,sale,5000,1000,usd,pending,in_2,1,2025-03-02T10:00:00.000Z,pn_1,noor@example.com
cm_3,sale,5000,1000,usd,refunded,in_3,1,2025-03-02T10:00:00.000Z,pn_1,noor@example.com
cm_4,sale,5000,much,usd,paid,in_4,1,2025-03-02T10:00:00.000Z,pn_1,noor@example.com
cm_5,sale,5000,1000,usd,lost,in_5,1,2025-03-02T10:00:00.000Z,pn_1,noor@example.com
cm_6,sale,5000,1000,usd,paid,in_6,1,someday,pn_1,noor@example.com
cm_7,sale,5000,1000,usd,paid,in_7,1,2025-03-02T10:00:00.000Z,,
cm_8,sale,5000,1000,xxx,paid,in_8,1,2025-03-02T10:00:00.000Z,pn_1,
"""
REWARDFUL = b"""stripe_customer_id,first_name,last_name,email,paypal_email,token
cus_1,Noor,Haddad,noor@example.com,,noor
cus_2,Noor,Haddad,noor@example.com,,noor
"""
TOLT = b"id,amount,revenue,status,created_at,partner_id\ncom_1,1500,7500,unpaid,2025-01-02,part_1\n"
PARTNERSTACK = (
    b"key,amount,currency,reward_status,created_at,partner_email\nrew_1,2500,USD,hold,1735689600000,noor@example.com\n"
)


def codes(content: bytes, *of: str) -> list[str]:
    lines = read_file(content, *of)  # type: ignore[arg-type]
    return [each.line.code if isinstance(each.line, Invalid) else "" for each in lines]


def test_dubs_partners_are_read_with_their_codes() -> None:
    first, second, third = (each.line for each in read_file(DUB_PARTNERS, "dub", "partners"))
    assert first == PartnerLine("pn_1", "noor@example.com", "Noor Haddad", "NOOR", "noor")
    assert isinstance(second, Invalid)
    assert second.code == "partner_not_active"
    assert third == PartnerLine("pn_3", "lena@example.com", "=Lena", None, None)


def test_dubs_commissions_are_read_and_each_line_that_says_nothing_has_its_reason() -> None:
    assert codes(DUB_COMMISSIONS, "dub", "commissions") == [
        *("", "", "", "amount_unreadable", "commission_state_unknown", "commission_undated", "partner_unnamed"),
        "commission_currency_missing",
    ]
    first, second, third, *_ = (each.line for each in read_file(DUB_COMMISSIONS, "dub", "commissions"))
    assert isinstance(first, CommissionLine)
    assert (first.amount_minor, first.sale_minor, first.currency, first.state) == (25_980, 129_900, "USD", "paid")
    assert isinstance(second, CommissionLine)
    assert (second.amount_minor, second.state) == (1_000, "due")
    assert isinstance(third, CommissionLine)
    assert third.state == "void"


def test_the_other_programmes_are_read() -> None:
    noor, again = (each.line for each in read_file(REWARDFUL, "rewardful", "partners"))
    assert noor == again == PartnerLine("", "noor@example.com", "Noor Haddad", "NOOR", None)
    assert codes(TOLT, "tolt", "commissions") == ["commission_currency_missing"]
    tolt = read_file(TOLT, "tolt", "commissions", "EUR")[0].line
    assert isinstance(tolt, CommissionLine)
    assert (tolt.partner, tolt.amount_minor, tolt.sale_minor, tolt.state) == ("part_1", 1500, 7500, "due")
    reward = read_file(PARTNERSTACK, "partnerstack", "commissions")[0].line
    assert isinstance(reward, CommissionLine)
    assert reward.earned_at == datetime(2025, 1, 1, tzinfo=UTC)
    assert (reward.email, reward.state) == ("noor@example.com", "due")


def test_lines_without_an_id_are_told_apart_and_are_the_same_whenever_they_are_read() -> None:
    row = b"1000,EUR,paid,2025-01-01,noor@example.com\n"
    content = b"amount,currency,status,created_at,partner_email\n" + row + row
    first, second = (each.line for each in read_file(content, "tolt", "commissions"))
    assert isinstance(first, CommissionLine)
    assert isinstance(second, CommissionLine)
    assert first.key != second.key
    assert [each.line for each in read_file(content, "tolt", "commissions")] == [first, second]


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [("$1,234.50", "USD", 123_450), ("1000", "EUR", 1_000), ("-$5.00", "USD", -500), ("¥1,000", "JPY", 1_000),
     ("12.345", "KWD", 12_345), ("€30", "EUR", 3_000), ("0", "EUR", 0)],
)  # fmt: skip
def test_amounts(text: str, currency: str, minor: int) -> None:
    assert minor_units(text, currency) == minor


@pytest.mark.parametrize("text", ["", "1.234,50", "1.005", "1e9", "--5", "99999999999999999", "٣"])
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(AmountUnreadable):
        minor_units(text, "EUR")


@pytest.mark.parametrize(
    ("cell", "code"),
    [("noor", "NOOR"), ("https://play.example/?via=noor-h", "NOOR-H"), ("https://go.example/noor/", "NOOR"),
     ("", None), ("né", None), ("A, B", "A")],
)  # fmt: skip
def test_codes_are_found_at_the_end_of_links(cell: str, code: str | None) -> None:
    assert code_of(cell) == code


@pytest.mark.parametrize(
    ("content", "refused"),
    [(b"", ProgrammeFileUnreadable), (b"\xff\xfe", ProgrammeFileUnreadable), (b"a,b\n1,2\n", ProgrammeColumnsMissing),
     (b'ID,Earnings,Status,Created at\n1,"2', ProgrammeColumnsMissing),
     (b"ID,Earnings,Status,Created at,Partner email\n" + b"1,1,paid,2025-01-01,a@b.c\n" * 20_001,
      ProgrammeFileUnreadable)],
)  # fmt: skip
def test_what_is_no_file(content: bytes, refused: type[Invalid]) -> None:
    with pytest.raises(refused):
        read_file(content, "dub", "commissions")


@given(st.binary(max_size=300), st.sampled_from(["partners", "commissions"]))
def test_any_bytes_are_read_or_refused(content: bytes, kind: str) -> None:
    for head in (b"", b"ID,Email,Name,Earnings,Currency,Status,Created at,Partner email\n"):
        with contextlib.suppress(Invalid):
            read_file(head + content, "dub", kind)  # type: ignore[arg-type]

"""What refunds take back of a campaign's credit: all of them together divided as the sale was."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import example, given, settings
from hypothesis import strategies as st

from groundswell.attribution.campaign_credit import taken_back
from groundswell.attribution.credits import as_credit, divided
from groundswell.attribution.eligibility import EligibleTouch
from groundswell.attribution.models import MODELS
from groundswell.attribution.tables import Conversion, Credit

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def sale(minor: int | None) -> Conversion:
    return Conversion(id=uuid4(), kind="subscription", at=NOON, amount_minor=minor, currency="EUR", viewer_id=uuid4())


def refund(minor: int, number: int) -> Conversion:
    at = NOON + timedelta(hours=number)
    return Conversion(id=uuid4(), kind="refund", at=at, amount_minor=minor, currency="EUR", viewer_id=uuid4())


def touches(count: int) -> list[EligibleTouch]:
    """So many touches, an hour apart, oldest first."""
    return [
        EligibleTouch(UUID(int=n), NOON - timedelta(hours=count - n), uuid4(), uuid4(), uuid4(), uuid4(), "x")
        for n in range(1, count + 1)
    ]


def given_for(conversion: Conversion, count: int, model: str = "linear") -> list[Credit]:
    rows = divided(conversion, touches(count), {}, {model: MODELS[model]})
    return [as_credit(row) for row in rows]


@example(7, 3, [1, 1, 1, 1], "position")
@settings(max_examples=100)
@given(
    st.integers(1, 10_000), st.integers(1, 6), st.lists(st.integers(1, 4000), max_size=5), st.sampled_from([*MODELS])
)
def test_parts_of_a_sale_given_back_leave_what_is_left_divided(
    minor: int, count: int, parts: list[int], model: str
) -> None:
    parts = [part for n, part in enumerate(parts) if sum(parts[: n + 1]) <= minor]
    credits = given_for(sale(minor), count, model)
    refunds = [refund(part, n) for n, part in enumerate(parts)]
    rows = taken_back(credits, refunds)
    assert [sum(row.amount_minor or 0 for row in rows if row.conversion_id == each.id) for each in refunds] == [
        -part for part in parts
    ]
    assert all((row.amount_minor or 0) <= 0 for row in rows)
    left = {
        credit.touch_id: (credit.amount_minor or 0)
        + sum(row.amount_minor or 0 for row in rows if row.touch_id == credit.touch_id)
        for credit in credits
    }
    assert all(amount >= 0 for amount in left.values())
    whole = minor - sum(parts)
    assert sum(left.values()) == whole
    for credit in credits:
        assert abs(left[credit.touch_id] - whole * (credit.amount_minor or 0) / minor) < 2


def test_a_full_refund_in_parts_leaves_nothing_with_anybody() -> None:
    credits = given_for(sale(1001), 3)
    rows = taken_back(credits, [refund(333, 1), refund(1, 2), refund(667, 3)])
    assert [row.amount_minor for row in credits] == [333, 334, 334]
    by_touch = [sum(row.amount_minor or 0 for row in rows if row.touch_id == each.touch_id) for each in credits]
    assert by_touch == [-333, -334, -334]
    assert [row.kind for row in rows] == ["refund"] * 9
    assert {row.at for row in rows} == {NOON + timedelta(hours=hours) for hours in (1, 2, 3)}
    assert [(row.model, row.weight_ppm, row.share_id) for row in rows[:3]] == [
        (each.model, each.weight_ppm, each.share_id) for each in credits
    ]


def test_nothing_is_taken_where_nothing_was_given_back() -> None:
    assert taken_back(given_for(sale(1001), 3), []) == []

"""What many visits show together, and what they do not."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from groundswell.attribution.suspicion import PER_MINUTE, Seen, suspected

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
A, B, SHARER = UUID(int=1), UUID(int=2), UUID(int=3)


def visits(number: int, every_s: float = 600, **fields: object) -> list[Seen]:
    return [Seen(uuid4(), NOON + timedelta(seconds=every_s * n), **fields) for n in range(number)]  # type: ignore[arg-type]


def reasons(seen: Sequence[Seen]) -> set[str]:
    return {reason.partition(":")[0] for reason in suspected(seen).values()}


def test_a_burst_is_marked_whole_and_nothing_else() -> None:
    calm = visits(20, 60, visitor="v")
    burst = [Seen(uuid4(), NOON + timedelta(hours=9, seconds=n), "v") for n in range(PER_MINUTE + 5)]
    assert set(suspected(calm + burst)) == {visit.event_id for visit in burst}
    assert suspected(burst[:PER_MINUTE]) == {}
    assert suspected(visits(500, 0.01)) == {}, "visitors who ask not to be told apart are not told apart"


def test_own_links_and_rings() -> None:
    assert reasons(visits(1, viewer_id=A, sharer_id=A)) == {"self_referral"}
    there, back = visits(6, viewer_id=A, sharer_id=B), visits(5, viewer_id=B, sharer_id=A)
    assert reasons(there + back) == {"ring"}
    assert suspected(there + back[:2]) == {}
    assert suspected(visits(50, viewer_id=A, sharer_id=B)) == {}, "a faithful follower is no ring"


def test_one_browser_with_many_accounts() -> None:
    def accounts(number: int) -> list[Seen]:
        return [
            seen for n in range(number) for seen in visits(1, visitor="v", viewer_id=UUID(int=50 + n), sharer_id=SHARER)
        ]

    assert suspected(accounts(3)) == {}, "a family"
    assert reasons(accounts(4)) == {"shared_device"}


def bought(seconds: Sequence[float]) -> list[Seen]:
    return [Seen(uuid4(), NOON, sharer_id=SHARER, bought_after_s=after) for after in seconds]


def test_sales_that_come_too_soon() -> None:
    assert reasons(bought([3, 4, 5, 6, 9.5])) == {"too_soon"}
    assert suspected(bought([3, 4, 5, 6])) == {}
    assert suspected(bought([3, 4, 5, 6, 7, 60, 70, 80, 90, 100, 110])) == {}


def test_sales_that_come_too_evenly() -> None:
    hours = [2.1 + 21.8 * n / 40 for n in range(40)]
    assert reasons(bought([3600 * hour for hour in hours])) == {"too_even"}
    assert suspected(bought([3600 * hour for hour in hours] + [120.0] * 60)) == {}
    assert suspected(bought([3600 * (2 + 3 * n / 40) for n in range(40)])) == {}, "an evening, not a flood"


seen = st.builds(
    Seen,
    st.uuids(),
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 1, 2), timezones=st.just(UTC)),  # noqa: DTZ001
    st.sampled_from([None, "v", "w"]),
    st.sampled_from([None, A, B, SHARER]),
    st.sampled_from([None, A, B, SHARER]),
    st.none() | st.floats(0, 86_400),
)


@given(st.lists(seen, max_size=120, unique_by=lambda visit: visit.event_id), st.randoms())
def test_the_order_in_which_visits_are_read_does_not_matter(visits: list[Seen], random: object) -> None:
    found = suspected(visits)
    assert set(found) <= {visit.event_id for visit in visits}
    random.shuffle(visits)  # type: ignore[attr-defined]
    assert suspected(visits) == found

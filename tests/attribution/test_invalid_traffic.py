"""What many visits show together, and what they do not."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.attribution.invalid_traffic import (
    ACCOUNTS,
    BOTH_WAYS,
    PER_HOUSEHOLD,
    PER_MINUTE,
    PER_NETWORK,
    suspected,
)
from groundswell.attribution.seen_visit import SeenVisit

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
A, B, SHARER = UUID(int=1), UUID(int=2), UUID(int=3)


def visits(number: int, every_s: float = 600, **fields: object) -> list[SeenVisit]:
    return [SeenVisit(uuid4(), NOON + timedelta(seconds=every_s * n), **fields) for n in range(number)]  # type: ignore[arg-type]


def reasons(seen: Sequence[SeenVisit]) -> set[str]:
    return {reason.partition(":")[0] for reason in suspected(seen).values()}


def test_a_burst_is_marked_whole_and_nothing_else() -> None:
    calm = visits(20, 60, visitor="v")
    burst = [SeenVisit(uuid4(), NOON + timedelta(hours=9, seconds=n), "v") for n in range(PER_MINUTE + 5)]
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
    def accounts(number: int) -> list[SeenVisit]:
        return [
            seen for n in range(number) for seen in visits(1, visitor="v", viewer_id=UUID(int=50 + n), sharer_id=SHARER)
        ]

    assert suspected(accounts(3)) == {}, "a family"
    assert reasons(accounts(4)) == {"shared_device"}


def bought(seconds: Sequence[float]) -> list[SeenVisit]:
    return [SeenVisit(uuid4(), NOON, sharer_id=SHARER, bought_after_s=after) for after in seconds]


def test_sales_that_come_too_soon() -> None:
    assert reasons(bought([3, 4, 5, 6, 9.5])) == {"too_soon"}
    assert suspected(bought([3, 4, 5, 6])) == {}
    assert suspected(bought([3, 4, 5, 6, 7, 60, 70, 80, 90, 100, 110])) == {}


def test_sales_that_come_too_evenly() -> None:
    hours = [2.1 + 21.8 * n / 40 for n in range(40)]
    assert reasons(bought([3600 * hour for hour in hours])) == {"too_even"}
    assert suspected(bought([3600 * hour for hour in hours] + [120.0] * 60)) == {}
    assert suspected(bought([3600 * (2 + 3 * n / 40) for n in range(40)])) == {}, "an evening, not a flood"


def at(seconds: float, **fields: object) -> SeenVisit:
    return SeenVisit(uuid4(), NOON + timedelta(seconds=seconds), **fields)  # type: ignore[arg-type]


def test_a_burst_lasts_less_than_a_minute_and_is_of_one_kind() -> None:
    first = [at(0, visitor="v") for _ in range(PER_MINUTE)]
    assert set(suspected([*first, at(59.9, visitor="v")]).values()) == {f"rate:over {PER_MINUTE} a minute"}
    assert suspected([*first, at(60, visitor="v")]) == {}
    assert suspected([*first, at(1, visitor="v", kind="play")]) == {}, "clicks and plays are counted apart"
    assert suspected([*first, at(1, visitor="w")]) == {}


def test_of_two_bursts_both_are_marked_and_the_calm_between_is_not() -> None:
    one = [at(n, visitor="v") for n in range(PER_MINUTE + 1)]
    calm = [at(600 + 60 * n, visitor="v") for n in range(3)]
    other = [at(3600 + n, visitor="v") for n in range(PER_MINUTE + 1)]
    assert set(suspected(one + calm + other)) == {visit.event_id for visit in one + other}


def glut(browsers: int, **where: str) -> list[SeenVisit]:
    return [at(60 * n, visitor=f"browser-{n}", sharer_id=SHARER, **where) for n in range(browsers)]


def test_more_browsers_than_live_at_an_address_are_marked() -> None:
    assert suspected(glut(PER_HOUSEHOLD, household="h")) == {}, "a big household"
    found = suspected(glut(PER_HOUSEHOLD + 1, household="h"))
    assert len(found) == PER_HOUSEHOLD + 1
    assert set(found.values()) == {f"address_glut:{PER_HOUSEHOLD + 1} browsers, regular and alone"}
    assert suspected(glut(PER_NETWORK, network="n")) == {}
    assert reasons(glut(PER_NETWORK + 1, network="n")) == {"network_glut"}
    both = glut(PER_NETWORK + 1, household="h", network="n")
    assert reasons(both) == {"address_glut"}, "the narrower is the reason"


def test_a_glut_is_of_one_sharer_and_of_many_browsers() -> None:
    half = glut(PER_HOUSEHOLD, household="h")
    others = [at(n, visitor=f"other-{n}", sharer_id=A, household="h") for n in range(PER_HOUSEHOLD)]
    again = [at(3600 + n, visitor="browser-1", sharer_id=SHARER, household="h") for n in range(9)]
    nobodys = [at(n, visitor=f"more-{n}", household="h") for n in range(PER_HOUSEHOLD)]
    assert suspected(half + others + again + nobodys) == {}


def test_a_ring_takes_five_clicks_each_way() -> None:
    there = [at(600 * n, viewer_id=A, sharer_id=B) for n in range(BOTH_WAYS)]
    back = [at(600 * n, viewer_id=B, sharer_id=A) for n in range(BOTH_WAYS)]
    assert set(suspected(there + back)) == {visit.event_id for visit in there + back}
    assert suspected(there + back[1:]) == {}
    plays = [at(600 * n, viewer_id=B, sharer_id=A, kind="play") for n in range(BOTH_WAYS)]
    assert suspected(there + plays) == {}, "only clicks make a ring"


def test_accounts_of_one_browser_are_counted_for_one_sharer() -> None:
    def used(accounts: int, sharer: UUID | None) -> list[SeenVisit]:
        return [at(n, visitor="v", viewer_id=UUID(int=90 + n), sharer_id=sharer) for n in range(accounts)]

    assert set(suspected(used(ACCOUNTS + 1, SHARER)).values()) == {f"shared_device:{ACCOUNTS + 1} accounts"}
    assert suspected([*used(ACCOUNTS, SHARER), at(9, visitor="v", viewer_id=UUID(int=99), sharer_id=A)]) == {}
    assert suspected(used(ACCOUNTS + 1, None)) == {}


def test_what_else_a_browser_did_with_a_moment_follows_its_click_there() -> None:
    click = at(0, visitor="v", viewer_id=A, sharer_id=A, moment_id=UUID(int=7))
    play = at(5, visitor="v", moment_id=UUID(int=7), kind="play")
    elsewhere = at(6, visitor="v", moment_id=UUID(int=8), kind="play")
    somebody = at(7, visitor="w", moment_id=UUID(int=7), kind="play")
    assert suspected([click, play, elsewhere, somebody]) == dict.fromkeys(
        (click.event_id, play.event_id), "self_referral"
    )
    assert suspected([replace(click, viewer_id=B), play]) == {}
    nameless = [replace(each, visitor=None) for each in (click, play)]
    assert set(suspected(nameless)) == {click.event_id}, "who asks not to be told apart is not followed"


def test_what_sharers_feel_about_what_is_theirs_is_nobodys_business() -> None:
    moment = {"visitor": "v", "sharer_id": A, "moment_id": UUID(int=7)}
    click, own = at(0, viewer_id=A, **moment), at(5, viewer_id=A, kind="react", **moment)
    in_their_browser = at(6, kind="react", **moment)
    assert set(suspected([click, own, in_their_browser])) == {click.event_id, in_their_browser.event_id}


def test_the_first_reason_that_applies_is_told() -> None:
    own = [at(n, visitor="v", viewer_id=A, sharer_id=A) for n in range(PER_MINUTE + 1)]
    assert reasons(own) == {"self_referral"}


def test_too_soon_is_from_three_seconds_to_less_than_ten() -> None:
    assert reasons(bought([3.0] * 5)) == {"too_soon"}
    assert suspected(bought([2.9] * 5)) == {}
    assert suspected(bought([10.0] * 5)) == {}
    assert reasons(bought([5.0] * 5 + [100.0] * 4)) == {"too_soon"}
    assert suspected(bought([5.0] * 5 + [100.0] * 5)) == {}, "half is not most"
    mixed = bought([5.0] * 5 + [100.0])
    assert set(suspected(mixed)) == {visit.event_id for visit in mixed[:5]}, "those that took their time stay"


def test_too_even_takes_twenty_and_three_quarters_of_all() -> None:
    hours = 3600.0
    even = [hours * (2 + 22 * n / 20) for n in range(20)]
    assert reasons(bought(even)) == {"too_even"}
    assert suspected(bought(even[:-1])) == {}
    assert reasons(bought(even + [60.0] * 6)) == {"too_even"}
    assert suspected(bought(even + [60.0] * 7)) == {}
    assert suspected(bought([hours * 2.5] * 18 + [hours * 23] * 2)) == {}, "a quarter with too few"


seen = st.builds(
    SeenVisit,
    st.uuids(),
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 1, 2), timezones=st.just(UTC)),  # noqa: DTZ001
    st.sampled_from([None, "v", "w"]),
    st.sampled_from([None, A, B, SHARER]),
    st.sampled_from([None, A, B, SHARER]),
    st.none() | st.floats(0, 86_400),
    st.sampled_from(["click", "play", "react"]),
    st.none(),
    st.sampled_from([None, "home", "campus"]),
    st.sampled_from([None, "isp"]),
    st.sampled_from([None, "Firefox", "Chrome"]),
    st.booleans(),
)


@settings(max_examples=100)
@given(st.lists(seen, max_size=120, unique_by=lambda visit: visit.event_id), st.randoms())
def test_the_order_in_which_visits_are_read_does_not_matter(visits: list[SeenVisit], random: object) -> None:
    found = suspected(visits)
    assert set(found) <= {visit.event_id for visit in visits}
    random.shuffle(visits)  # type: ignore[attr-defined]
    assert suspected(visits) == found

"""A page's ticket: good for its page and its visitor, for one event of a kind."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.events.traffic.visit_ticket import (
    EPOCH,
    LENGTH,
    PLACEHOLDER,
    is_genuine,
    named_visit,
    visit_ticket,
)

SECRET, PAGE = b"secret", uuid4()
instants = st.integers(0, 2**52).map(lambda us: EPOCH + timedelta(microseconds=us))


@given(instants, st.uuids(), st.one_of(st.none(), st.uuids()))
def test_a_ticket_names_its_visit_and_is_genuine_for_its_page_and_visitor(
    at: object, id: UUID, page: UUID | None
) -> None:
    ticket = visit_ticket(SECRET, at, id.bytes, page, "visitor")  # type: ignore[arg-type]
    visit = named_visit(ticket)
    assert visit is not None
    assert (visit.at, visit.id) == (at, id)
    assert len(ticket) == LENGTH == len(PLACEHOLDER)
    assert ticket.replace("-", "").replace("_", "").isalnum(), "needs no escaping anywhere"
    assert is_genuine(SECRET, ticket, page, "visitor")
    assert not is_genuine(SECRET, ticket, uuid4(), "visitor")
    assert not is_genuine(SECRET, ticket, page, "somebody else")
    assert not is_genuine(b"another", ticket, page, "visitor")


@pytest.mark.parametrize("ticket", ["", "A" * (LENGTH - 1), "A" * (LENGTH + 1), "é" * LENGTH, "_" * LENGTH])
def test_what_is_no_ticket_names_no_visit(ticket: str) -> None:
    assert named_visit(ticket) is None


def test_a_visit_brings_one_event_of_a_kind() -> None:
    one, other = (named_visit(visit_ticket(SECRET, EPOCH, uuid4().bytes, PAGE, "v")) for _ in range(2))
    assert one is not None
    assert other is not None
    assert one.event_id("play") == one.event_id("play") != one.event_id("share")
    assert one.event_id("play") != other.event_id("play")

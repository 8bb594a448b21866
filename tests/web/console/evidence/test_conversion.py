"""Conversions and the events around them, as the console names them."""

from groundswell.events.event import KINDS
from groundswell.web.console.evidence import conversion


def test_every_kind_of_event_has_a_name_for_people() -> None:
    assert set(KINDS) <= set(conversion.KINDS)

"""Templates of addresses: what may be one, and that values cannot leave their place."""

from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.platform.address_template import TemplateRefused, checked, filled, with_parameter

WEB = "https://play.example/title/{external_id}?t={seconds}"


@pytest.mark.parametrize(
    "template",
    [
        "/title/{external_id}?t={seconds}",
        "http://play.example/{external_id}?t={seconds}",
        "javascript:alert({external_id}{seconds})",
        "https:///x/{external_id}?t={seconds}",
        "https://play.example/{external_id}",
        "https://play.example/{seconds}",
        "https://play.example/{id}?t={seconds}&{external_id}",
        "https://play.example/{{external_id}}?t={seconds}",
        "https://play.example/{external_id?t={seconds}",
        "https://{external_id}.example/?t={seconds}",
        "https://ada@play.example/{external_id}?t={seconds}",
        "https://play.example/{external_id}?t={seconds}#x",
        "https://play.example/{external_id}?t={seconds} ",
        "https://play.example/ü/{external_id}?t={seconds}",
        "https://play.example:port/{external_id}?t={seconds}",
        "https://[::1/{external_id}?t={seconds}",
        "https://play.example/{external_id}?t={seconds}\r\nSet-Cookie: x",
        "https://play.example/{external_id}?t={seconds}" + "x" * 1000,
    ],
)
def test_what_cannot_lead_there_is_refused_with_a_reason(template: str) -> None:
    with pytest.raises(TemplateRefused, match=r"\w"):
        checked(template, {"external_id", "seconds"})


@pytest.mark.parametrize("template", [WEB, "http://127.0.0.1:8001/{slug}/{external_id}/{seconds}"])
def test_what_leads_there_is_taken_as_it_is(template: str) -> None:
    assert checked(template, {"external_id", "seconds"}) == template


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30))
def test_whatever_an_id_is_it_stays_in_its_place(external_id: str) -> None:
    address = filled(WEB, external_id=external_id, seconds=62)
    parts = urlsplit(address)
    assert (parts.netloc, parse_qs(parts.query)) == ("play.example", {"t": ["62"]})
    assert unquote(parts.path.removeprefix("/title/")) == external_id
    assert "/" not in parts.path.removeprefix("/title/")


def test_a_parameter_is_added_whether_or_not_there_are_others() -> None:
    assert with_parameter("https://play.example/x?t=1", "gs", "T") == "https://play.example/x?t=1&gs=T"
    assert with_parameter("https://play.example/x/1", "gs", "T") == "https://play.example/x/1?gs=T"

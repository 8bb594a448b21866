"""Nobody is sent elsewhere, whatever an address looks like."""

from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from groundswell.accounts.return_address import ReturnNotAllowed, return_address
from groundswell.platform.addresses import origin_of, web_template
from groundswell.platform.settings import Settings

OURS = Settings(
    base_url="https://moments.example/",
    service_url="https://www.example",
    links_url="https://go.example",
    return_origins=["https://play.example:8443"],
)
ORIGINS = {"https://moments.example", "https://www.example", "https://go.example", "https://play.example:8443"}


@pytest.mark.parametrize(
    ("asked", "leads"),
    [
        ("/console?x=1#a", "https://moments.example/console?x=1#a"),
        ("https://moments.example/m/1", "https://moments.example/m/1"),
        ("https://MOMENTS.example:443/m", "https://MOMENTS.example:443/m"),
        ("https://play.example:8443/", "https://play.example:8443/"),
        ("", "https://moments.example/who-am-i"),
    ],
)
def test_where_one_may_return(asked: str, leads: str) -> None:
    assert return_address(OURS, asked) == leads


PIECES = ["/", "\\", "//", "https:", "http://", "evil.example", "moments.example", "@", ":", ".", "%2f", "\t", "\r\n",
          "?", "#", "javascript:", "data:", "[", "]", "é", " ", "/console", "\x00",
          "https://moments.example"]  # fmt: skip


@example("https://moments.example:")
@given(st.lists(st.sampled_from(PIECES), max_size=6).map("".join) | st.text(max_size=40))
def test_whatever_is_asked_one_ends_at_an_origin_that_is_allowed(asked: str) -> None:
    try:
        leads = return_address(OURS, asked)
    except ReturnNotAllowed:
        return
    assert origin_of(leads) in ORIGINS
    # As browsers read it: backslashes are slashes, tabs and line ends are dropped.
    assert not set(leads) & set("\\\t\r\n\x00 ")
    assert f"https://{urlsplit(leads).netloc.lower().removesuffix(':443')}" in ORIGINS


@pytest.mark.parametrize("address", ["moments.example", "ftp://x", "https://", "https://a b", "https://u:p@x"])
def test_an_address_that_is_none_is_said_to_be(address: str) -> None:
    with pytest.raises(ValueError, match="absolute address"):
        origin_of(address)


def test_a_template_says_where_the_return_goes() -> None:
    assert web_template("https://x.example/login?to={return}")
    for wrong in ("https://x.example/login", "/login?to={return}"):
        with pytest.raises(ValueError, match=r"return|absolute"):
            web_template(wrong)

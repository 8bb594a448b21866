"""A filter that a page does not know or cannot read is refused with a reason: no number is of more than was asked."""

import html
import re

import pytest

from groundswell.web.navigation import navigation
from tests.support import App

LINK = re.compile(r'href="(/console[^"#]*)')


@pytest.fixture
def admin(app: App) -> dict[str, str]:
    return app.signed_in("ann", "admin")


UNKNOWN = [
    "/console/explore?by=channel&chanel=x",
    "/console/events?kind=click&tittle=lamp",
    "/console/loop?chanel=x",
    "/console/campaigns?page=2",
    "/console/finance/postings?acount=1",
    "/console/trust?q=kiss",
    "/console/rights/simulator?titel=lamp",
]


async def test_an_unknown_filter_is_refused(app: App, admin: dict[str, str]) -> None:
    for address in UNKNOWN:
        refused = await app.http.get(address, headers=admin)
        assert refused.status_code == 422, address
        assert "filter_unknown" in refused.text
        assert address.rpartition("?")[2].rpartition("&")[2].partition("=")[0] in refused.text


UNREADABLE = [
    "/console/explore?by=colour",
    "/console/explore?rank=colour",
    "/console/explore?other=colour",
    "/console/explore?model=colour",
    "/console/explore?period=1d",
    "/console/explore?from=2026-01-01",
    "/console/explore?from=yesterday&to=2026-01-01",
    "/console/loop?model=colour",
    "/console/loop?channel=pigeon",
    "/console/events?kind=look",
    "/console/events?verdict=ghost",
    "/console/events?share=that-one",
    "/console/events?before=then",
    "/console/credits?kind=look",
    "/console/credits?before=then",
    "/console/finance/postings?account=hers",
    "/console/finance/postings?reason=because",
    "/console/weekly?week=soon",
]


async def test_a_filter_that_cannot_be_read_is_refused(app: App, admin: dict[str, str]) -> None:
    for address in UNREADABLE:
        refused = await app.http.get(address, headers=admin)
        assert (refused.status_code, "filter_invalid" in refused.text) == (422, True), address


NARROWED = ["loop", "explore", "events", "credits"]


async def test_an_unknown_title_is_said_to_be_unknown(app: App, admin: dict[str, str]) -> None:
    """And is not taken for "no title", nor for all of them."""
    for page in NARROWED:
        refused = await app.http.get(f"/console/{page}?title=nothing", headers=admin)
        assert (refused.status_code, "title_unknown" in refused.text) == (404, True), page


def asked_for(address: str) -> set[tuple[str, str]]:
    """What a link asks for: its page, and each of its filters by itself, whatever day, number or id that names."""
    path, _, query = address.partition("?")
    filters = (re.sub(r"=.*[\d%].*", "=", each) for each in query.split("&") if each)
    return {(path, ""), *((path.partition(".")[0], each) for each in filters)}


@pytest.mark.slow
async def test_the_consoles_own_links_ask_for_nothing_unknown(app: App, admin: dict[str, str]) -> None:
    app.runtime.settings.reports_fresh_s = 600  # nothing happens meanwhile
    entries = [entry.path for section in navigation().sections for entry in navigation().pages(section.name)]
    waiting, asked = {*entries, *(section.path for section in navigation().sections)}, set[tuple[str, str]]()
    while waiting:
        address = max(waiting, key=lambda each: (each.count("&"), each))  # asks for most at once
        waiting.remove(address)
        if not (new := asked_for(address) - asked):
            continue
        asked |= new
        answer = await app.http.get(address, headers=admin)
        assert answer.status_code == 200, (address, answer.status_code)
        if "text/html" in answer.headers["content-type"]:
            waiting |= {html.unescape(each) for each in LINK.findall(answer.text)} - {"/console/live/stream"}

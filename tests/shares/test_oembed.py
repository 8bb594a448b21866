"""oEmbed and QR codes."""

from typing import Any
from xml.etree import ElementTree

import pytest

from groundswell.shares.api import qr_svg
from tests.moments.clipping import clipped, take_down
from tests.shares.sharing import shared
from tests.support import App


@pytest.mark.parametrize("page", ["share", "moment", "player"])
async def test_every_kind_of_page_can_be_embedded(app: App, moment: dict[str, Any], page: str) -> None:
    link = await shared(app, moment=moment["id"])
    code = moment["code"]
    url = {"share": link["url"], "moment": f"http://test/m/{code}", "player": f"http://test/embed/{code}"}[page]
    answer = await app.http.get("/v1/oembed", params={"url": url, "format": "json"})
    document = answer.json()
    assert (document["type"], document["version"], document["title"]) == ("video", "1.0", "Numbers")
    assert (document["provider_name"], document["provider_url"]) == ("Lumen", "http://test")
    assert document["author_name"] == "Ada"
    assert document["thumbnail_url"] == f"http://test/m/{code}/poster.jpg"
    frame = ElementTree.fromstring(document["html"].replace("allowfullscreen", 'allowfullscreen=""'))
    known_by = f"?s={link['token']}" if page == "share" else ""
    assert frame.attrib["src"] == f"http://test/embed/{code}{known_by}"
    assert (frame.attrib["width"], frame.attrib["height"]) == (str(document["width"]), str(document["height"]))


async def test_it_keeps_to_the_size_asked_for(app: App, moment: dict[str, Any]) -> None:
    answer = await app.http.get(
        "/v1/oembed", params={"url": f"http://test/m/{moment['code']}", "maxwidth": 480, "maxheight": 9999}
    )
    assert (answer.json()["width"], answer.json()["height"]) == (480, 270)


REFUSED = [
    ("javascript:alert(1)", 422, "url_refused"),
    ("data:text/html,<script>", 422, "url_refused"),
    (" JaVaScRiPt://test/m/x", 422, "url_refused"),
    ("ftp://test/m/{code}", 422, "url_refused"),
    ("//test/m/{code}", 422, "url_refused"),
    ("http://[::1", 422, "url_refused"),
    ("http://elsewhere/m/{code}", 404, "url_not_ours"),
    ("http://test.elsewhere/m/{code}", 404, "url_not_ours"),
    ("http://test@elsewhere/m/{code}", 404, "url_not_ours"),
    ("http://test:8080/m/{code}", 404, "url_not_ours"),
    ("http://test/m/{code}/wide.mp4", 404, "url_not_ours"),
    ("http://test/m/nosuchcode", 404, "moment_unknown"),
    ("http://test/s/abcdefghijklmno", 404, "link_forged"),
]


async def test_other_addresses_are_refused(app: App, moment: dict[str, Any]) -> None:
    for url, status, code in REFUSED:
        answer = await app.http.get("/v1/oembed", params={"url": url.format(**moment)})
        assert (answer.status_code, answer.json()["code"]) == (status, code), url


async def test_what_cannot_be_shown_cannot_be_embedded(app: App, moment: dict[str, Any]) -> None:
    private = await clipped(app, "noor", visibility="private")
    answer = await app.http.get("/v1/oembed", params={"url": f"http://test/m/{private['code']}"})
    assert answer.status_code == 404
    await take_down(app, moment["code"])
    answer = await app.http.get("/v1/oembed", params={"url": f"http://test/m/{moment['code']}"})
    assert (answer.status_code, answer.json()["code"]) == (410, "taken_down")


async def test_only_json_is_served(app: App, moment: dict[str, Any]) -> None:
    answer = await app.http.get("/v1/oembed", params={"url": f"http://test/m/{moment['code']}", "format": "xml"})
    assert (answer.status_code, answer.json()["code"]) == (501, "format_unsupported")


async def test_a_qr_code_is_a_picture_of_the_link(app: App, moment: dict[str, Any]) -> None:
    link = await shared(app, channel="qr", moment=moment["id"])
    answer = await app.http.get(link["qr_url"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    assert ElementTree.fromstring(answer.text).tag.endswith("svg")
    assert answer.content == qr_svg(link["url"])
    forged = await app.http.get("/s/abcdefghijklmno/qr.svg")
    assert forged.json()["code"] == "link_forged"
    await app.http.delete(f"/v1/shares/{link['id']}", headers=app.signed_in())
    gone = await app.http.get(link["qr_url"])
    assert (gone.status_code, gone.json()["code"]) == (410, "link_revoked")

"""Each limit of each place is broken once, by a real server, and named."""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import fields
from pathlib import Path

import httpx
import pytest

from groundswell.shares.preview.assessment import CODES, MINOR, Preview
from groundswell.shares.preview.fetcher import Fetcher, only_at
from groundswell.shares.preview.lab import Lab
from groundswell.shares.preview.targets import MB, TARGETS, Target
from groundswell.shares.unfurlers import unfurler

from .site import Answer, Site, film, page, picture, running, whole

FILLER = "<!-- " + "x" * 1000 + " -->"


@pytest.fixture
def site() -> Iterator[Site]:
    with running() as site:
        whole(site)
        yield site


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


async def look(client: httpx.AsyncClient, url: str, name: str, patience: float = 1.0) -> Preview:
    (preview,) = await Lab(Fetcher(client, patience=patience)).look(url, [TARGETS[name]])
    return preview


def codes(preview: Preview) -> list[str]:
    return [each.code for each in preview.broken]


@pytest.mark.parametrize("name", TARGETS)
async def test_a_page_that_breaks_nothing_shows_its_card_everywhere(
    site: Site, client: httpx.AsyncClient, name: str
) -> None:
    preview = await look(client, f"{site.url}/page", name)
    assert codes(preview) == []
    kinds = {"discord": "video", "telegram": "video", "imessage": "video", "wordpress": "embed"}
    assert preview.card.kind == kinds.get(name, "large")
    assert preview.card.title == "The storm"
    asked = [headers for path, headers in site.asked if path == "/page"]
    assert asked[0]["User-Agent"] == TARGETS[name].user_agent


def pages(**changes: str | None) -> Callable[[Site], dict[str, Answer]]:
    return lambda site: {"/page": Answer(page(site, **changes))}


def before(kilobytes: int) -> Callable[[Site], dict[str, Answer]]:
    return lambda site: {"/page": Answer(page(site, before=FILLER * kilobytes))}


def poster(*size: int, pad: int = 0, kind: str = "JPEG", media_type: str = "image/jpeg") -> Callable[[Site], dict]:
    return lambda site: {
        "/poster.jpg": Answer(picture(*size, kind=kind, pad=pad), media_type),
        "/page": Answer(page(site, og__image__width=str(size[0]), og__image__height=str(size[1]))),
    }


def clip(answer: Answer) -> Callable[[Site], dict[str, Answer]]:
    return lambda site: {"/clip.mp4": answer}


def redirects(count: int) -> Callable[[Site], dict[str, Answer]]:
    hops = {f"/hop{n}": Answer(status=302, headers={"Location": f"/hop{n + 1}"}) for n in range(count)}
    hops["/page"] = Answer(status=301, headers={"Location": "/hop0"})
    return lambda site: hops | {f"/hop{count}": Answer(page(site))}


def embed(body: bytes, status: int = 200) -> Callable[[Site], dict[str, Answer]]:
    return lambda site: {"/oembed": Answer(body, "application/json", status)}


SLOW = Answer(b"x", delay_s=0.6)
BREAKS: list[tuple[str, str, Callable[[Site], dict[str, Answer]]]] = [
    ("discord", "page_status", lambda site: {"/page": Answer(b"gone", status=410)}),
    ("discord", "page_type", lambda site: {"/page": Answer(b"{}", "application/json")}),
    (
        "discord",
        "page_attachment",
        lambda site: {"/page": Answer(page(site), headers={"Content-Disposition": "attachment"})},
    ),
    ("discord", "page_too_large", lambda site: {"/page": Answer(page(site) + bytes(50 * MB))}),
    ("linkedin", "page_too_large", lambda site: {"/page": Answer(page(site) + bytes(50 * MB))}),
    ("discord", "too_many_redirects", redirects(5)),
    ("wordpress", "too_many_redirects", redirects(5)),
    ("discord", "too_slow", lambda site: {"/page": SLOW}),
    ("facebook", "too_slow", lambda site: {"/page": SLOW}),
    ("wordpress", "too_slow", lambda site: {"/page": SLOW}),
    ("slack", "tags_cut_off", before(33)),
    ("whatsapp", "tags_cut_off", before(301)),
    ("facebook", "tags_cut_off", before(1001)),
    ("wordpress", "oembed_missing", before(154)),
    ("discord", "title_missing", pages(og__title=None, title=None)),
    ("whatsapp", "description_missing", pages(og__description=None)),
    ("whatsapp", "url_missing", pages(og__url=None)),
    ("facebook", "url_missing", pages(og__url=None)),
    ("discord", "title_cut", pages(og__title="x" * 71)),
    ("x", "title_cut", pages(og__title="x" * 71)),
    ("linkedin", "title_cut", pages(og__title="x" * 201)),
    ("discord", "description_cut", pages(og__description="x" * 351)),
    ("whatsapp", "description_cut", pages(og__description="x" * 81)),
    ("x", "description_cut", pages(og__description="x" * 201)),
    ("slack", "image_missing", pages(og__image=None)),
    ("slack", "image_unreachable", lambda site: {"/poster.jpg": Answer(b"", status=503)}),
    ("slack", "image_type", poster(1200, 630, kind="WEBP", media_type="image/webp")),
    ("linkedin", "image_type", poster(1200, 630, kind="WEBP", media_type="image/webp")),
    ("whatsapp", "image_type", poster(1200, 630, kind="GIF", media_type="image/gif")),
    ("whatsapp", "image_too_large", poster(1200, 630, pad=600_000)),
    ("x", "image_too_large", poster(1200, 630, pad=5 * MB)),
    ("slack", "image_too_large", poster(1200, 630, pad=5 * MB)),
    ("telegram", "image_too_large", poster(1200, 630, pad=5 * MB)),
    ("linkedin", "image_too_large", poster(1200, 630, pad=5 * MB)),
    ("facebook", "image_too_large", poster(1200, 630, pad=8 * MB)),
    ("facebook", "image_too_small", poster(199, 300)),
    ("whatsapp", "image_too_small", poster(299, 200)),
    ("x", "image_too_small", poster(143, 200)),
    ("linkedin", "image_too_small", poster(200, 199)),
    ("facebook", "image_thumbnail", poster(599, 400)),
    ("x", "image_thumbnail", poster(299, 200)),
    ("slack", "image_thumbnail", poster(399, 300)),
    ("linkedin", "image_thumbnail", poster(400, 300)),
    ("x", "image_dimensions", poster(4097, 2000)),
    ("telegram", "image_dimensions", poster(9000, 1001)),
    ("whatsapp", "image_ratio", poster(1300, 320)),
    ("telegram", "image_ratio", poster(2101, 105)),
    ("facebook", "image_undeclared", pages(og__image__width=None)),
    ("facebook", "image_size_wrong", pages(og__image__width="600")),
    ("imessage", "video_unreachable", clip(Answer(b"", status=404))),
    ("imessage", "video_is_a_page", clip(Answer(b"<html></html>"))),
    ("imessage", "video_type", clip(Answer(film(), "video/webm", ranges=True))),
    ("telegram", "video_type", clip(Answer(film(), "video/webm", ranges=True))),
    ("discord", "video_type", clip(Answer(film(), "application/vnd.apple.mpegurl", ranges=True))),
    ("telegram", "video_too_large", clip(Answer(film(20 * MB + 1), "video/mp4", ranges=True))),
    ("discord", "video_too_large", clip(Answer(film(100 * MB + 1), "video/mp4", ranges=True))),
    ("discord", "video_not_wanted", pages(og__type="website")),
    ("discord", "video_without_poster", pages(og__image=None)),
    ("imessage", "video_no_ranges", clip(Answer(film(), "video/mp4"))),
    ("telegram", "video_index_last", clip(Answer(film(index_first=False), "video/mp4", ranges=True))),
    ("imessage", "media_too_large", clip(Answer(film(10 * MB), "video/mp4", ranges=True))),
    ("wordpress", "oembed_missing", pages(oembed=None)),
    ("wordpress", "oembed_unreachable", embed(b"{}", 404)),
    ("wordpress", "oembed_invalid", embed(b"not json")),
    ("wordpress", "oembed_invalid", embed(b'{"type":"link"}')),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "code", "change"), BREAKS, ids=[f"{name}-{code}" for name, code, _ in BREAKS])
async def test_a_limit_that_is_broken_is_named(
    site: Site, client: httpx.AsyncClient, name: str, code: str, change: Callable[[Site], dict[str, Answer]]
) -> None:
    site.pages |= change(site)
    preview = await look(client, f"{site.url}/page", name, patience=0.05 if code == "too_slow" else 1.0)
    assert code in codes(preview), preview.broken
    others = set(codes(preview)) - {code, "image_undeclared", "image_missing", "image_thumbnail"}
    assert not others, f"nothing else is broken, yet {others}"
    assert next(each for each in preview.broken if each.code == code).minor == (code in MINOR)


GIVES = {
    "page_bytes": {"page_too_large"},
    "redirects": {"too_many_redirects"},
    "seconds": {"too_slow"},
    "reads_bytes": {"tags_cut_off", "oembed_missing"},
    "title_longest": {"title_cut"},
    "description_longest": {"description_cut"},
    "image_bytes": {"image_too_large"},
    "image_least": {"image_too_small"},
    "image_large": {"image_thumbnail"},
    "image_most": {"image_dimensions"},
    "image_sum": {"image_dimensions"},
    "image_ratio": {"image_ratio"},
    "video_bytes": {"video_too_large"},
    "media_bytes": {"media_too_large"},
}


def test_every_limit_of_every_place_is_broken_above_and_every_code_is_met() -> None:
    broken = {(name, code) for name, code, _ in BREAKS}
    for target in TARGETS.values():
        for field, named in GIVES.items():
            if getattr(target, field) is not None:
                assert any((target.name, code) in broken for code in named), f"{target.name}: {field}"
    assert {code for _, code in broken} == CODES.keys() - {"address_refused", "unreachable"}


def test_every_limit_says_where_it_is_written() -> None:
    given = {"name", "label", "accept", "sources", "needs", "embeds"}
    for target in TARGETS.values():
        said = {name for source in target.sources for name in source.says}
        default = Target(target.name, target.label, target.user_agent)
        for each in fields(Target):
            if each.name not in given and getattr(target, each.name) != getattr(default, each.name):
                assert each.name in said, f"{target.name}: {each.name}"
        assert all(source.url.startswith("https://") for source in target.sources)


def test_the_robots_are_those_whose_visits_we_know() -> None:
    assert {name: unfurler(target.user_agent) for name, target in TARGETS.items()} == {name: name for name in TARGETS}


async def test_what_is_not_there_is_unreachable(client: httpx.AsyncClient) -> None:
    preview = await look(client, "http://127.0.0.1:9/", "discord")
    assert codes(preview) == ["unreachable"]
    assert preview.card.kind == "none"


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://localhost/page",
        "https://127.0.0.1/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "javascript:alert(1)",
        "//evil.example/",
        "http://user:word@127.0.0.1/",
        "http://[::1]/",
        "",
        "http://127.0.0.1:99999/",
    ],
)
async def test_only_our_own_host_is_fetched_where_people_choose_the_address(
    site: Site, client: httpx.AsyncClient, url: str
) -> None:
    lab = Lab(Fetcher(client, only_at(site.url)))
    (preview,) = await lab.look(url, [TARGETS["discord"]])
    assert codes(preview) == ["address_refused"]
    assert site.asked == []


async def test_a_redirect_or_a_picture_elsewhere_is_not_followed(site: Site, client: httpx.AsyncClient) -> None:
    with running() as other:
        whole(other)
        site.pages["/away"] = Answer(status=302, headers={"Location": f"{other.url}/page"})
        site.pages["/page"] = Answer(page(site, og__image=f"{other.url}/poster.jpg"))
        lab = Lab(Fetcher(client, only_at(site.url)))
        away, picture_elsewhere = [(await lab.look(f"{site.url}/{p}", [TARGETS["x"]]))[0] for p in ("away", "page")]
        assert codes(away) == ["address_refused"]
        assert codes(picture_elsewhere) == ["image_unreachable"]
        assert other.asked == []


async def test_slack_asks_for_a_part_and_takes_a_whole_page_too(site: Site, client: httpx.AsyncClient) -> None:
    assert codes(await look(client, f"{site.url}/page", "slack")) == []
    assert site.asked[0][1]["Range"] == "bytes=0-32767"
    site.pages["/page"].ranges = True
    site.pages["/page"].body += bytes(50_000)
    assert codes(await look(client, f"{site.url}/page", "slack")) == []


async def test_words_from_the_page_are_words(site: Site, client: httpx.AsyncClient) -> None:
    site.pages["/page"] = Answer(page(site, og__title="&lt;script&gt;alert(1)&lt;/script&gt; &amp; more"))
    assert (await look(client, f"{site.url}/page", "discord")).card.title == "<script>alert(1)</script> & more"


def test_every_code_is_in_the_documentation() -> None:
    text = (Path(__file__).parents[3] / "docs" / "explanation" / "previews.md").read_text()
    listed = set(re.findall(r"^\| `([a-z_]+)` \|", text, re.M))
    assert listed == CODES.keys()
    assert set(re.findall(r"^\| `([a-z_]+)` \| \*\*note\*\*", text, re.M)) == MINOR

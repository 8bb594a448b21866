"""Catalogues as MRSS."""

import io

import pytest

from groundswell.catalog.bulk import ReadLine
from groundswell.catalog.entry import TitleEntry
from groundswell.catalog.feeds.mrss import items
from groundswell.catalog.feeds.table import FeedUnreadable

HEAD = (
    '<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/" xmlns:dcterms="http://purl.org/dc/terms/" '
    'xmlns:x="https://play.example/ns"><channel><title>Everything</title>'
)
WHOLE = """<item>
  <guid isPermaLink="false">tt0080749</guid>
  <title>The Fog &amp; the Sea</title>
  <description>A keeper, a storm.</description>
  <pubDate>Fri, 01 Feb 1980 00:00:00 GMT</pubDate>
  <dcterms:valid>start=2026-01-01; end=2028-01-01T12:00:00Z; scheme=W3C-DTF</dcterms:valid>
  <x:series>Lighthouse</x:series><x:season>1</x:season><x:episode>2</x:episode><x:live>false</x:live>
  <media:group>
    <media:content url="https://cdn.example/fog.mp4" lang="en"/>
    <media:content url="https://cdn.example/fog-de.mp4" lang="de"/>
    <media:rating scheme="urn:mpaa">r</media:rating>
    <media:restriction relationship="allow" type="country">de AT</media:restriction>
    <media:thumbnail url="https://img.example/p.jpg"/>
    <media:category>Horror</media:category>
    <media:subTitle type="application/ttml+xml" lang="ar" href="https://cdn.example/ar.ttml"/>
  </media:group>
</item>"""


def read(body: str) -> list[ReadLine]:
    return list(items(io.BytesIO((HEAD + body + "</channel></rss>").encode())))


def test_an_item_says_what_mrss_has_words_for() -> None:
    (line,) = read(WHOLE)
    assert (line.external_id, line.said) == (
        "tt0080749",
        {
            "name": "The Fog & the Sea",
            "synopsis": "A keeper, a storm.",
            "released_on": "1980-02-01",
            "series": "Lighthouse",
            "season": 1,
            "episode": 2,
            "live": False,
            "rating": "r",
            "genres": ["Horror"],
            "audio_languages": ["en", "de"],
            "subtitle_languages": ["ar"],
            "artwork": {"poster": "https://img.example/p.jpg"},
            "licences": [
                {"territories": ["AT", "DE"], "opens_at": "2026-01-01T00:00:00Z", "closes_at": "2028-01-01T12:00:00Z"}
            ],
        },
    )
    TitleEntry.model_validate(line.said)


@pytest.mark.parametrize(
    ("inside", "code"),
    [
        ("<title>No id</title>", "external_id_refused"),
        ("<guid>https://play.example/a</guid><title>A</title>", "external_id_refused"),
        (
            '<guid>a</guid><media:restriction relationship="deny" type="country">DE</media:restriction>',
            "item_refused",
        ),
        ('<guid>a</guid><media:restriction relationship="allow" type="uri">x</media:restriction>', "item_refused"),
        ("<guid>a</guid><pubDate>soon</pubDate>", "item_refused"),
        ("<guid>a</guid><dcterms:valid>always</dcterms:valid>", "item_refused"),
    ],
)
def test_an_item_that_cannot_be_said_is_refused_and_the_next_is_read(inside: str, code: str) -> None:
    bad, good = read(f"<item>{inside}</item><item><guid>b</guid><title>B</title></item>")
    assert (bad.refusal and bad.refusal[0], bad.number) == (code, 1)
    assert (good.external_id, good.number, good.said) == ("b", 2, {"name": "B"})


def test_where_each_part_is_allowed_elsewhere_it_is_allowed_nowhere() -> None:
    allow = '<media:restriction relationship="allow" type="country">{}</media:restriction>'
    (line,) = read(f"<item><guid>a</guid><title>A</title>{allow.format('DE')}{allow.format('FR')}</item>")
    assert line.said is not None
    assert line.said["licences"] == [{"territories": []}]
    with pytest.raises(ValueError, match="at least 1"):
        TitleEntry.model_validate(line.said)


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE rss [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><rss><item><guid>&b;</guid></item></rss>',
        '<!DOCTYPE rss SYSTEM "file:///etc/passwd"><rss/>',
        "<html><body/></html>",
        "no XML",
        "",
    ],
)
def test_what_is_no_plain_feed_is_refused_whole(text: str) -> None:
    with pytest.raises(FeedUnreadable, match=r"\w"):
        list(items(io.BytesIO(text.encode())))


def test_a_feed_with_nothing_in_it_is_one() -> None:
    assert read("") == []

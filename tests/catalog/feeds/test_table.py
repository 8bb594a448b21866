"""Catalogues as CSV."""

import io
from typing import Any

import pytest

from groundswell.catalog.bulk import ReadLine
from groundswell.catalog.entry import TitleEntry
from groundswell.catalog.feeds.table import COLUMNS, FeedUnreadable, rows


def read(text: str) -> list[ReadLine]:
    return list(rows(io.StringIO(text, newline="")))


def test_a_row_says_what_an_entry_can() -> None:
    header = (
        "external_id,name,name:de,synopsis,series,season,episode,rating,kids,live,released_on,genres,poster,watch_web"
    )
    header += ",territories,opens_at,closes_at"
    row = 'e1,The Fog,Der Nebel,"Fog, and\nmore fog",Lighthouse,1,2,12,no,false,2020-01-01,Drama; Mystery,'
    row += "https://img.example/p.jpg,https://play.example/{external_id}?t={seconds},DE;AT,2026-01-01T00:00:00Z,"
    (line,) = read(f"{header}\n{row}\n")
    said: dict[str, Any] = {
        "name": "The Fog",
        "names": {"de": "Der Nebel"},
        "synopsis": "Fog, and\nmore fog",
        "series": "Lighthouse",
        "season": 1,
        "episode": 2,
        "rating": "12",
        "kids": False,
        "live": False,
        "released_on": "2020-01-01",
        "genres": ["Drama", "Mystery"],
        "artwork": {"poster": "https://img.example/p.jpg"},
        "watch": {"web": "https://play.example/{external_id}?t={seconds}"},
        "licences": [{"territories": ["DE", "AT"], "opens_at": "2026-01-01T00:00:00Z"}],
    }
    assert (line.external_id, line.said) == ("e1", said)
    TitleEntry.model_validate(line.said)


def test_an_empty_cell_says_nothing() -> None:
    (line,) = read("external_id,name,rating,live,territories\na,A,,,\n")
    assert line.said == {"name": "A"}


def test_bad_rows_are_refused_one_by_one() -> None:
    lines = read('external_id,name\na,A\nb\n"c"x,C\n\nd d,D\ne,E\n')
    assert [(line.external_id, line.refusal and line.refusal[0]) for line in lines] == [
        ("a", None),
        (None, "row_unreadable"),
        (None, "row_unreadable"),
        (None, "external_id_refused"),
        ("e", None),
    ]


@pytest.mark.parametrize("text", ["", "name,rating\nA,12\n", "external_id,name,colour\n", "external_id,external_id\n"])
def test_a_header_that_cannot_be_is_refused_whole(text: str) -> None:
    with pytest.raises(FeedUnreadable, match=r"header|column"):
        read(text)


def test_a_number_that_is_none_is_left_for_the_entry_to_refuse() -> None:
    (line,) = read("external_id,name,series,season,episode,live\na,A,S,one,2,perhaps\n")
    assert line.said is not None
    assert (line.said["season"], line.said["live"]) == ("one", "perhaps")


def test_every_column_is_one_of_an_entry() -> None:
    plain = {name for name in COLUMNS if "_" not in name or name in TitleEntry.model_fields} - {"poster", "backdrop"}
    assert plain - {"territories"} <= TitleEntry.model_fields.keys()

"""Words as they compare, slips, and what is read of a query. Pure."""

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from groundswell.discovery.search import typos
from groundswell.discovery.search.marks import mark, parts_of
from groundswell.discovery.search.query import READ_MAX, WORDS_MAX, Query
from groundswell.discovery.search.stems import stem
from groundswell.discovery.search.words import texts_of, words_of

ASCII = st.characters(min_codepoint=32, max_codepoint=126)
TEXTS = st.text(ASCII | st.characters(categories=["L", "M", "N", "P", "S", "Z"]), max_size=40)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't stop — ÉCOLE, naïve Straße!", ["dont", "stop", "ecole", "naive", "strasse"]),
        ("我爱你，世界", ["我爱", "爱你", "你世", "世界", "界"]),
        ("สวัสดี", ["สว", "วั", "ัส", "สด", "ดี", "ี"]),
        ("안녕 세계", ["안녕", "녕세", "세계", "계"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("שָׁלוֹם مُحَمَّد", ["שלום", "محمد"]),
        ("Привет, Ёлка", ["привет", "елка"]),
        ("Smørrebrød Łódź", ["smorrebrod", "lodz"]),
        ("😀 …!?", []),
        ("⑴ ½ 𝛢", ["1", "12", "α"]),
    ],
)
def test_words_of_many_scripts(text: str, words: list[str]) -> None:
    assert texts_of(text) == words
    assert texts_of(unicodedata.normalize("NFC", text)) == words


@settings(max_examples=60)
@given(TEXTS)
def test_words_stand_where_they_say_and_read_the_same_both_ways(text: str) -> None:
    words = list(words_of(text))
    assert [word.text for word in words] == texts_of(text)
    assert all(0 <= word.start < word.end <= len(text) and word.text for word in words)
    assert all(not set(word.text) & set(" '\"\\:&|!()<>*~") for word in words), "nothing that a tsquery would read"


@settings(max_examples=80)
@example("aaaaaaabb", [("d", 0, "a"), ("d", 0, "a")])
@given(
    st.text(st.sampled_from("abcde"), min_size=4, max_size=13),
    st.lists(st.tuples(st.sampled_from("dixt"), st.integers(0, 12), st.sampled_from("abcdez")), max_size=2),
)
def test_whatever_is_within_reach_shares_a_key(word: str, edits: list[tuple[str, int, str]]) -> None:
    typed = word
    for kind, at, letter in edits:
        at = min(at, len(typed) - 1)
        if kind == "d":
            typed = typed[:at] + typed[at + 1 :]
        elif kind == "i":
            typed = typed[:at] + letter + typed[at:]
        elif kind == "x":
            typed = typed[:at] + letter + typed[at + 1 :]
        else:
            typed = typed[:at] + typed[at : at + 2][::-1] + typed[at + 2 :]
    reach = typos.edits_of(max(len(typed), len(word)))
    apart = typos.distance(typed, word, reach)
    if typos.worth_keeping(word) and 0 < apart <= reach:
        assert typos.keys_asked(typed) & typos.keys_kept(word)
        assert typos.nearest(typed, [word, word], 5) == [word]


def test_one_edit_from_five_letters_two_from_nine() -> None:
    assert typos.nearest("cats", ["cast", "cat"], 9) == []
    assert typos.nearest("cost", ["coast", "cast"], 9) == ["coast"], "a letter of five is missing"
    assert typos.nearest("recieve", ["receive", "deceive", "recede"], 9) == ["receive"]
    assert typos.nearest("extrordinery", ["extraordinary"], 9) == ["extraordinary"]
    assert [typos.edits_of(n) for n in (4, 5, 8, 9)] == [0, 1, 1, 2]
    assert (stem("en", "running"), stem("en", "run"), stem("xx", "running")) == ("run", None, None)


def test_whatever_is_typed_is_read() -> None:
    assert Query.read("   ").hint == "empty"
    assert Query.read("😀🎬 & | !( <-> ) :*").hint == "no_words"
    assert Query.read("a").hint == "one_letter"
    assert (Query.read("我").hint, Query.read("我").open) == (None, True)
    long = Query.read("word " * 2_000)
    assert (len(long.words), long.cut, long.open) == (WORDS_MAX, True, False)
    assert Query.read("x" * (READ_MAX + 1)).cut
    quoted = Query.read('"let it go"')
    assert (quoted.quoted, quoted.open, [word.text for word in quoted.words]) == (True, False, ["let", "it", "go"])
    unspaced = Query.read("我爱你 世界")
    assert ([word.text for word in unspaced.words], unspaced.places) == (["我爱", "爱你", "你世", "世界"], (0, 1, 2, 3))


def test_what_was_found_is_marked() -> None:
    text = "Nobody was runníng; they ran to the café."
    query = Query.read("running caf")
    marked = mark(text, query, [frozenset(["running"]), frozenset(["caf"])], "en")
    assert [part.text for part in parts_of(text, marked.spans) if part.found] == ["runníng", "café"]
    assert "".join(part.text for part in parts_of(text, marked.spans)) == text
    pairs = mark("她说我爱你。", Query.read("我爱你"), [frozenset(["我爱"]), frozenset(["爱你"])], "zh")
    assert [part.text for part in parts_of("她说我爱你。", pairs.spans) if part.found] == ["我爱你"]

"""Old encodings are told by the language and by how a text reads in them: twenty lines are enough."""

import random
from collections.abc import Iterator

import pytest
from babel import Locale

from groundswell.media.subtitles.encodings import OF, decode

LANGUAGES = [language for language in OF if language not in ("en", "id", "sq", "be", "sr")]
ROWS = 20


def rows(language: str, encoding: str, draw: random.Random) -> str:
    """Twenty rows of names of countries, languages and days that the encoding can write."""
    locale = Locale(language)
    words = [*locale.territories.values(), *locale.languages.values(), *locale.days["format"]["wide"].values()]
    fit = [word for word in words if isinstance(word, str) and writable(word, encoding)]
    return "\n".join(" ".join(draw.choice(fit) for _ in range(4)) for _ in range(ROWS))


def writable(word: str, encoding: str) -> bool:
    try:
        return word.encode(encoding).decode(encoding) == word
    except UnicodeError:
        return False


def cases() -> Iterator[tuple[str, str, str]]:
    draw = random.Random(7)
    for language in LANGUAGES:
        for encoding in OF[language]:
            for _ in range(4):
                yield language, encoding, rows(language, encoding, draw)


@pytest.mark.slow
def test_twenty_lines_in_a_known_language_are_read_right() -> None:
    tried = list(cases())
    assert len({encoding for _, encoding, _ in tried}) >= 12
    assert len({language for language, _, _ in tried}) >= 30
    wrong = [(lang, enc) for lang, enc, text in tried if decode(text.encode(enc), lang).text != text]
    assert len(wrong) <= len(tried) / 100, wrong


@pytest.mark.slow
def test_without_a_language_most_are_right_and_nearly_all_others_are_said_to_be_doubtful() -> None:
    usual = [(enc, text) for _, enc, text in cases() if enc not in ("cp850", "cp852", "cp857", "cp866")]
    read = [(text, decode(text.encode(enc))) for enc, text in usual]
    assert sum(made.text == text for text, made in read) >= 0.93 * len(read)
    assert sum(made.text != text and not made.doubtful for text, made in read) <= 0.01 * len(read)


@pytest.mark.parametrize(
    ("text", "encoding", "language"),
    [
        ("Não sei o que é isso. Amanhã de manhã você vem?", "cp1252", "pt"),
        ("Jag förstår inte. Går vi på bio i kväll?", "cp1252", "sv-SE"),
        ("On se voit demain à la gare, d'accord ?", "cp1252", "fr"),
        ("こんにちは、元気ですか。", "euc_jp", "ja"),
        ("Zażółć gęślą jaźń", "iso8859-2", "pl"),
    ],
)
def test_a_single_line(text: str, encoding: str, language: str) -> None:
    assert decode(text.encode(encoding), language).text == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("こんにちは、元気ですか。", "euc_jp"),
        ("どこへ行くの？もう遅いよ。", "euc_jp"),
        ("こんにちは、元気ですか。", "cp932"),
        ("สวัสดีครับ คุณสบายดีไหม", "cp874"),
        ("안녕하세요, 잘 지내셨어요?", "cp949"),
        ("你好，你今天怎么样？", "gb18030"),
        ("Привет, как твои дела сегодня?", "cp1251"),
    ],
)
def test_a_single_line_whose_language_nobody_said(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)).text == text


def test_a_language_that_was_said_wrongly_does_not_stand_in_the_way() -> None:
    text = "Что это такое? Я не знаю. Пойдём завтра домой вместе, хорошо?"
    assert decode(text.encode("cp1251"), "fr").text == text

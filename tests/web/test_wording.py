"""How times, counts and money are written."""

from datetime import timedelta

from groundswell.platform.clock import format_us, utc_now
from groundswell.web import wording


def test_times_are_written_as_a_player_shows_them() -> None:
    assert format_us(72_999_999) == "1:12"
    assert format_us(3_723_000_000) == "1:02:03"
    assert wording.running_time(122_000_000) == "2 min"
    assert wording.running_time(6_120_000_000) == "1 h 42 min"
    assert wording.running_time(12_000_000) == "12 s"
    assert wording.spoken(61_000_000) == "1 minute 1 second"
    assert wording.iso_duration(15_500_000) == "PT15.5S"
    assert wording.iso_duration(10_000_000) == "PT10S"


def test_money_keeps_the_currency_s_own_decimals() -> None:
    assert wording.money(1_234_567, "EUR") == "€12,345.67"
    assert wording.money(1234, "JPY") == "¥1,234"
    assert wording.money(1234, "KWD").endswith("1.234")


def test_reasons_are_words_with_what_matched() -> None:
    assert wording.reason("nothing_says_otherwise") == "Nothing says otherwise"
    assert wording.reason("search-engine:Googlebot\\/") == "Search engine: Googlebot"
    assert wording.reason("http-library:^curl") == "Script or library: curl"
    assert wording.reason("rate:over 30 a minute") == "Too many links at once: over 30 a minute"
    assert wording.reason("something_new") == "Something new"


def test_counts_and_instants_are_words() -> None:
    assert wording.counted(1, "share") == "1 share"
    assert wording.counted(1200, "share") == "1,200 shares"
    assert wording.ago(utc_now() - timedelta(minutes=3)) == "3 minutes ago"
    assert wording.percent(0.1234) == "12.3 %"


def test_what_begins_a_sentence_keeps_the_names_in_it() -> None:
    assert wording.sentence(wording.whole_days("UTC")) == "Whole UTC days"
    assert wording.sentence(wording.whole_days("America/New_York")) == "Whole days in America/New York"
    assert wording.sentence("") == ""


def test_decimals_that_are_read_under_one_another_are_as_many() -> None:
    assert [wording.decimal(value) for value in (0.1, 0.37, 0, 1234.5)] == ["0.10", "0.37", "0.00", "1,234.50"]


def test_words_are_quoted_once() -> None:
    assert wording.quoted("Listen.") == "“Listen.”"
    assert wording.quoted("“Listen.”") == "“Listen.”"

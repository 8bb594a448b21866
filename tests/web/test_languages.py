"""Pages and components say everything in every language, and each reader gets theirs."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po

from groundswell.platform.settings import Settings
from groundswell.web import templating
from groundswell.web.languages import COOKIE, LANGUAGES, LOCALES, language_of, preferred
from tests.forks import SCRIPT, run
from tests.shares.sharing import shared
from tests.support import App

ROOT = Path(templating.__file__).parents[3]
PACKAGE = ROOT / "src" / "groundswell"
BROWSER = {
    "Accept": "text/html",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
}
FIELD = re.compile(r"%\(\w+\)s|\{\w+\}")
OURS = re.compile(r"\b(Groundswell|Moments by Groundswell|CSV|JSON)\b")


@pytest.mark.parametrize("language", [tag for tag in LANGUAGES if tag != "en"])
def test_everything_is_translated_and_names_what_english_names(language: str) -> None:
    catalogue = read_po((LOCALES / f"{language}.po").open("rb"), locale=language)
    messages = [message for message in catalogue if message.id]
    assert len(messages) > 300
    for message in messages:
        forms = message.string if isinstance(message.id, tuple) else (message.string,)
        english = message.id[-1] if isinstance(message.id, tuple) else message.id
        assert all(forms), f"{language}: {message.id!r} is not translated"
        assert not message.fuzzy, message.id
        for form in forms:
            named = set(FIELD.findall(form))
            least = set() if isinstance(message.id, tuple) else set(FIELD.findall(english))
            assert least <= named <= set(FIELD.findall(english)), f"{language}: {message.id!r} → {form!r}"


@pytest.mark.slow
def test_the_catalogues_hold_all_that_is_said_and_the_components_say_the_same() -> None:
    done = run(SCRIPT, str(ROOT / "scripts" / "messages.py"), "--check")
    assert done.returncode == 0, done.stderr


def viewers_templates() -> Iterator[Path]:
    for path in sorted(PACKAGE.rglob("templates/**/*.html")):
        staff = "console" in path.parts or path.name in {
            "base_console.html",
            "reasons.html",
            "_page.html",
        }
        creators = path.parent.name == "creator" and path.name != "public.html"
        if not staff and not creators:
            yield path


@pytest.mark.parametrize("path", list(viewers_templates()), ids=lambda path: path.name)
def test_nothing_is_said_in_a_viewer_s_template_but_through_the_catalogue(path: Path) -> None:
    source = re.sub(r"block body_class %\}.*?\{% endblock", "", path.read_text(), flags=re.DOTALL)
    source = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", source, flags=re.DOTALL)
    said = re.findall(r'\b(?:alt|aria-label|title|placeholder)="([^"]*[A-Za-z]{2}[^"]*)"', source)
    text = OURS.sub("", re.sub(r"<[^>]*>", " ", source))
    said += re.findall(r"[A-Za-z]{2,}[^<\n]*", text)
    assert said == []


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr,ar;q=0.7,es;q=0.9", "es"),
        ("ja;q=0,de;q=0.1", "de"),
        ("fr-FR, *;q=0.5", "en"),
        (";;q=,,q=x,de;q=nonsense", "en"),
        ("AR-eg", "ar"),
    ],
)
def test_the_browser_s_language_is_the_one_liked_best(accepted: str, language: str) -> None:
    assert preferred(accepted) == language


def test_what_one_asked_for_comes_before_the_account_and_the_account_before_the_browser() -> None:
    assert language_of({"lang": "ja"}, {COOKIE: "es"}, "ar", "de") == "ja"
    assert language_of({"lang": "xx"}, {COOKIE: "es"}, "ar", "de") == "es"
    assert language_of({}, {}, "ar-EG", "de") == "ar"
    assert language_of({}, {}, None, "de") == "de"


async def test_a_landing_page_is_kept_for_each_language(app: App, moment: dict[str, Any]) -> None:
    token = (await shared(app, moment=moment["id"]))["token"]

    async def land(**headers: str) -> tuple[str, str]:
        answer = await app.http.get(f"/s/{token}", headers=BROWSER | headers)
        found = re.search(r'<html lang="(\w+)" dir="(\w+)"', answer.text)
        assert found
        assert answer.headers["content-language"] == found[1]
        return found[1], found[2]

    for _ in range(2):  # the second time from memory
        assert await land() == ("en", "ltr")
        assert await land(**{"Accept-Language": "de-CH"}) == ("de", "ltr")
        assert await land(**{"Accept-Language": "ar"}) == ("ar", "rtl")
        assert await land(**{"Accept-Language": "de", "Cookie": f"{COOKIE}=ja"}) == ("ja", "ltr")


@pytest.mark.slow
async def test_an_address_says_the_language_and_it_is_remembered(app: App, moment: dict[str, Any]) -> None:
    token = (await shared(app, moment=moment["id"]))["token"]
    for _ in range(2):
        asked = await app.http.get(f"/s/{token}?lang=ar", headers=BROWSER)
        assert "تابع المشاهدة من" in asked.text
        assert '<bdi dir="ltr">0:' in asked.text
        assert f"{COOKIE}=ar" in asked.headers["set-cookie"]
        app.http.cookies.clear()
        plain = await app.http.get(f"/s/{token}", headers=BROWSER)
        assert "Continue watching from" in plain.text
        assert "set-cookie" not in plain.headers


@pytest.mark.slow
async def test_another_language_and_signing_in_lead_back_to_what_was_asked_for(
    app: App, moment: dict[str, Any]
) -> None:
    page = (await app.http.get("/discover?q=a+light&since=week&lang=de", headers=BROWSER)).text
    assert 'href="?q=a+light&amp;since=week&amp;lang=ar"' in page
    assert 'href="/session/start?return=%2Fdiscover%3Fq%3Da%2Blight%26since%3Dweek"' in page
    token = (await shared(app, moment=moment["id"]))["token"]
    for _ in range(2):  # a page that is kept for the next who asks says nothing of who asked first
        kept = (await app.http.get(f"/s/{token}?from=somewhere", headers=BROWSER)).text
        assert 'href="?lang=ar"' in kept
        assert "somewhere" not in kept


async def test_the_account_s_language_is_followed(app: App, moment: dict[str, Any], settings: Settings) -> None:
    token = app.identity.token("ada", "Ada", locale="es-MX")
    page = await app.http.get(f"/m/{moment['code']}", headers=BROWSER | {"Authorization": f"Bearer {token}"})
    assert '<html lang="es"' in page.text
    assert "Seguir viendo desde" in page.text


@pytest.mark.slow
async def test_no_codes_and_no_hours_before_viewers(app: App, moment: dict[str, Any]) -> None:
    token = (await shared(app, moment=moment["id"]))["token"]
    mine = ("/moments", f"/moments/{moment['code']}", "/inbox", "/collections")
    for address in (f"/s/{token}", f"/m/{moment['code']}", "/s/abcdefghijklmno", "/nowhere", "/discover", *mine):
        signed_in = app.signed_in() if address in mine else {}
        answer = await app.http.get(address, headers=BROWSER | signed_in)
        assert (answer.status_code == 200) == (address not in ("/s/abcdefghijklmno", "/nowhere")), address
        page = answer.text
        seen = re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL)
        assert not re.search(r"\b\d\d:\d\d:\d\d\b|\b[a-z]+_[a-z_]+\b", seen), address

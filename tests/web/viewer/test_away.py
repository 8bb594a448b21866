"""Where a link leads when what it names cannot be shown: why, and one thing to do, without a script."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from groundswell.platform.clock import utc_now
from tests.moments.clipping import set_rights, take_down
from tests.shares.sharing import shared
from tests.shares.test_reminders import GERMAN, off_in, placed  # noqa: F401
from tests.support import App

PAGE = {"Accept": "text/html"}


async def land(app: App, token: str, **headers: str) -> httpx.Response:
    return await app.http.get(f"/s/{token}", headers=PAGE | headers)


@pytest.mark.slow
@pytest.mark.usefixtures("placed")
async def test_not_in_one_s_country_one_is_reminded_after_signing_in(app: App, moment: dict[str, Any]) -> None:
    token = (await shared(app, moment=moment["id"]))["token"]
    rule = await off_in(app, "DE")
    page = await land(app, token, **GERMAN)
    assert page.status_code == 403
    for words in ("Not available where you are", "Numbers", "Remind me", "You sign in first"):
        assert words in page.text
    assert "Look &amp; listen" not in page.text, "the moment's own words stay with it"
    assert "/poster.jpg" not in page.text

    unsigned = await app.http.post(f"/s/{token}/remind", headers=PAGE | GERMAN)
    assert unsigned.status_code == 303
    assert unsigned.headers["location"] == f"/session/start?return=%2Fs%2F{token}%2Fremind"
    ben = app.signed_in("ben") | GERMAN
    back = await app.http.get(f"/s/{token}/remind", headers=PAGE | ben)
    assert ("Remind me" in back.text, back.status_code) == (True, 403)
    asked = await app.http.post(f"/s/{token}/remind", headers=PAGE | ben)
    assert (asked.status_code, asked.headers["location"]) == (303, f"/s/{token}")
    assert "We will remind you" in (await land(app, token, **ben)).text

    mine = (await app.http.get("/moments", headers=PAGE | ben)).text
    assert "Sent to you" in mine
    assert "Not yet where you are." in mine
    await app.http.delete(f"/v1/rights/{rule}", headers=app.signed_in("ravi", "rights"))
    assert "It can be seen now." in (await app.http.get("/moments", headers=PAGE | ben)).text
    here = await app.http.get(f"/s/{token}/remind", headers=PAGE | ben)
    assert (here.status_code, here.headers["location"]) == (303, f"/s/{token}")
    (reminder,) = (await app.http.get("/v1/reminders", headers=ben)).json()
    done = await app.http.post(f"/moments/reminders/{reminder['id']}/forget", headers=PAGE | ben)
    assert done.headers["location"] == "/moments?done=forgotten"
    assert "Sent to you" not in (await app.http.get("/moments", headers=PAGE | ben)).text


@pytest.mark.parametrize(
    ("terms", "code", "heading", "offers"),
    [
        ({"opens_at": (utc_now() + timedelta(days=1)).isoformat()}, "not_yet_open", "Not out yet", "Remind me"),
        (
            {"closes_at": (utc_now() - timedelta(days=1)).isoformat()},
            "licence_ended",
            "No longer available",
            "Watch Num",
        ),
        ({"public_playback": False}, "members_only", "For members", "Sign in to watch it"),
        ({"sharing": False}, "sharing_off", "Not for sharing", "Watch Numbers"),
    ],
)
async def test_each_refusal_offers_the_one_thing_that_helps(
    app: App, moment: dict[str, Any], terms: dict[str, Any], code: str, heading: str, offers: str
) -> None:
    token = (await shared(app, moment=moment["id"]))["token"]
    await set_rights(app, **terms)
    for page in (await land(app, token), await app.http.get(f"/m/{moment['code']}", headers=PAGE)):
        assert page.status_code == 403
        assert f'data-reason="{code}"' in page.text
        assert f"<h1>{heading}</h1>" in page.text
    assert offers in (await land(app, token)).text


async def test_what_is_taken_down_names_nothing(app: App, moment: dict[str, Any]) -> None:
    token = (await shared(app, moment=moment["id"]))["token"]
    await take_down(app, moment["id"], "The rights holder objected.")
    page = await land(app, token)
    assert page.status_code == 410
    assert "The rights holder objected." in page.text
    assert "Numbers" not in page.text
    assert "See what is catching on" in page.text


async def test_a_phone_takes_over_from_the_television(app: App, moment: dict[str, Any]) -> None:
    code = moment["code"]
    page = await app.http.get(f"/moments/{code}", headers=PAGE | app.signed_in("ada"))
    assert f"/moments/{code}/qr.svg" in page.text
    picture = await app.http.get(f"/moments/{code}/qr.svg", headers=app.signed_in("ada"))
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/svg+xml")
    others = await app.http.get(f"/moments/{code}/qr.svg", headers=PAGE | app.signed_in("ben"))
    assert others.status_code == 404

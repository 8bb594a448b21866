"""My moments without JavaScript: narrowed, changed, trimmed, withdrawn, deleted, exported."""

import csv
import io
import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select, update

from groundswell.events.tables import LoggedEvent, Reverdict
from groundswell.moments.tables import Moment
from tests.events.tickets import BROWSER, played, share_played, ticket
from tests.moments.clipping import clip, clipped, set_rights, take_down
from tests.shares.sharing import shared
from tests.support import App

LIMITLESS = {"viewer_total_percent": 100, "title_total_percent": 100}
FORM = {"caption": "Changed", "note": "Mine", "visibility": "public", "start": "", "end": ""}


async def get(app: App, path: str, subject: str = "ada") -> httpx.Response:
    return await app.http.get(path, headers=app.signed_in(subject) | {"Accept": "text/html"})


async def post(app: App, path: str, subject: str = "ada", **form: Any) -> httpx.Response:
    return await app.http.post(path, data=form, headers=app.signed_in(subject))


async def test_words_note_and_visibility_are_changed_by_the_form(app: App, moment: dict[str, Any]) -> None:
    page = await get(app, f"/moments/{moment['code']}")
    assert 'value="00:10.000"' in page.text
    assert "Look &amp; listen" in page.text
    done = await post(app, f"/moments/{moment['code']}", **FORM, credit_me="true")
    assert (done.status_code, done.headers["location"]) == (303, f"/moments/{moment['code']}?done=changed")
    now = (await app.http.get(f"/v1/moments/{moment['id']}", headers=app.signed_in())).json()
    assert (now["caption"], now["note"], now["visibility"], now["credit_me"]) == ("Changed", "Mine", "public", True)
    assert (now["start_us"], now["end_us"]) == (moment["start_us"], moment["end_us"])
    stranger = (await app.http.get(f"/v1/moments/{moment['id']}")).json()
    assert stranger["note"] is None


async def test_trimmed_anew_its_links_show_the_new_span(app: App, moment: dict[str, Any]) -> None:
    await set_rights(app, **LIMITLESS)
    link = await shared(app, moment=moment["id"])
    done = await post(app, f"/moments/{moment['code']}", **FORM | {"start": "0:12", "end": "00:18.000"})
    assert done.status_code == 303, done.text
    now = (await app.http.get(f"/v1/moments/{moment['id']}")).json()
    assert (now["start_us"], now["end_us"]) == (12_000_000, 18_000_000)
    landing = await app.http.get(f"/s/{link['token']}", headers={"Accept": "text/html"})
    assert "0:18" in landing.text


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ({"start": "1:2:3:4"}, "time_unreadable"),
        ({"end": "NaN"}, "time_unreadable"),
        ({"start": "00:20.000", "end": "00:15.000"}, "start_not_before_end"),
        ({"start": "59:00", "end": "59:30"}, "past_the_end"),
        ({"start": "00:10.000", "end": "00:11.000"}, "clip_too_short"),
        ({"caption": "x" * 501}, "caption_too_long"),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_is_changed(
    app: App, moment: dict[str, Any], typed: dict[str, str], code: str
) -> None:
    answer = await post(app, f"/moments/{moment['code']}", **FORM | typed)
    assert 400 <= answer.status_code < 500
    assert f'data-reason="{code}"' in answer.text
    for text in typed.values():
        assert text in answer.text, "what was typed is still there"
    now = (await app.http.get(f"/v1/moments/{moment['id']}", headers=app.signed_in())).json()
    assert (now["caption"], now["note"], now["end_us"]) == ("Look & listen", "", moment["end_us"])


async def test_links_are_withdrawn_one_by_one_or_all(app: App, moment: dict[str, Any]) -> None:
    one, two = [await shared(app, "ada", channel, moment=moment["id"]) for channel in ("copy", "whatsapp")]
    address = f"/moments/{moment['code']}/links/revoke"
    assert (await post(app, address, link=one["id"])).status_code == 303
    page = await get(app, f"/moments/{moment['code']}")
    assert len(re.findall(r"Withdrawn", page.text)) == 1
    assert (await app.http.get(f"/s/{one['token']}")).status_code == 410
    assert (await app.http.get(f"/s/{two['token']}")).status_code == 200
    assert (await post(app, address)).status_code == 303
    assert (await app.http.get(f"/s/{two['token']}")).status_code == 410
    assert (await post(app, address, "noor")).status_code == 404


async def test_several_are_deleted_after_asking(app: App, moment: dict[str, Any]) -> None:
    await set_rights(app, **LIMITLESS)
    other = await clipped(app, start=12, end=17, caption="The other <one>")
    codes = [moment["code"], other["code"]]
    sure = await post(app, "/moments/selected", action="delete", moment=codes)
    assert "Delete 2 moments?" in sure.text
    assert "The other &lt;one&gt;" in sure.text
    assert len((await app.http.get("/v1/moments", headers=app.signed_in())).json()["items"]) == 2
    done = await post(app, "/moments/selected", action="delete", moment=codes, sure="true")
    assert done.headers["location"] == "/moments?done=deleted"
    assert (await app.http.get("/v1/moments", headers=app.signed_in())).json()["items"] == []
    nothing = await post(app, "/moments/selected", action="delete")
    assert nothing.status_code == 422
    theirs = await post(app, "/moments/selected", "noor", action="delete", moment=codes, sure="true")
    assert theirs.status_code == 404


async def test_links_of_several_are_withdrawn_after_asking(app: App, moment: dict[str, Any]) -> None:
    link = await shared(app, moment=moment["id"])
    sure = await post(app, "/moments/selected", action="revoke", moment=moment["code"])
    assert "Withdraw every link to 1 moment?" in sure.text
    await post(app, "/moments/selected", action="revoke", moment=moment["code"], sure="true")
    assert (await app.http.get(f"/s/{link['token']}")).status_code == 410


async def test_why_one_is_not_available_is_said_on_both_pages(app: App, moment: dict[str, Any]) -> None:
    await take_down(app, moment["id"], "The rights holder objected.")
    for path in ("/moments", "/moments?state=no", f"/moments/{moment['code']}"):
        assert "The rights holder objected." in (await get(app, path)).text, path
    assert "None of your moments is as you asked." in (await get(app, "/moments?state=yes")).text


@pytest.mark.slow
async def test_the_export_has_everything_and_runs_no_formula(app: App, moment: dict[str, Any]) -> None:
    await set_rights(app, **LIMITLESS)
    await clipped(app, start=12, end=17, caption='=HYPERLINK("http://elsewhere","x")')
    await shared(app, moment=moment["id"])
    table = await get(app, "/moments/export.csv")
    assert table.headers["content-disposition"] == 'attachment; filename="my-moments.csv"'
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [row["caption"] for row in rows] == ['\'=HYPERLINK("http://elsewhere","x")', "Look & listen"]
    assert (rows[1]["shares"], rows[1]["title"], rows[1]["start_us"]) == ("1", "Numbers", "10000000")
    data = (await get(app, "/moments/export.json")).json()["moments"]
    assert [each["code"] for each in data] == [row["code"] for row in rows]
    assert (await get(app, "/moments/export.xml")).status_code in {404, 422}
    assert (await get(app, "/moments/export.json", "noor")).json() == {"moments": []}


async def test_pages_of_others_and_of_deleted_ones_are_refused(app: App, moment: dict[str, Any]) -> None:
    assert (await get(app, f"/moments/{moment['code']}", "noor")).status_code == 404
    assert (await post(app, f"/moments/{moment['code']}", "noor", **FORM)).status_code == 404
    assert (await post(app, f"/moments/{moment['code']}/delete")).status_code == 303
    assert (await get(app, f"/moments/{moment['code']}")).status_code == 410
    signed_out = await app.http.get(f"/moments/{moment['code']}")
    assert signed_out.status_code == 303


async def test_another_site_cannot_post_these_forms(app: App, moment: dict[str, Any]) -> None:
    elsewhere = {**await app.session("ada"), "Origin": "https://elsewhere.example"}
    answer = await app.http.post(f"/moments/{moment['code']}/delete", headers=elsewhere)
    assert answer.status_code == 403
    assert (await clip(app)).status_code == 201, "nothing is broken for the real one"


async def older(app: App) -> None:
    """As if the moments had been made a while ago, before the visits of the tickets."""
    async with app.runtime.database.transaction() as session:
        await session.execute(update(Moment).values(created_at=Moment.created_at - timedelta(minutes=5)))


async def test_visits_that_a_later_verdict_took_out_are_not_reach(app: App, moment: dict[str, Any]) -> None:
    link = await shared(app, moment=moment["id"])
    await older(app)
    for who in ("bob", "eve"):
        answer = await share_played(app, link["token"], UUID(link["id"]), headers=app.signed_in(who))
        assert answer.status_code == 200
    async with app.runtime.database.transaction() as session:
        (eve, *_) = await session.scalars(select(LoggedEvent).filter_by(kind="play").order_by(LoggedEvent.id.desc()))
        row = {"at": eve.at, "event_id": eve.id, "kind": "robot", "reason": "ring", "rule": "behaviour-1"}
        session.add(Reverdict(**row, traffic="sivt"))
    for page in "/moments", f"/moments/{moment['code']}":
        shown = re.sub(r"<[^>]+>", "", (await get(app, page)).text)
        assert re.findall(r"(\d+) plays?\b", shown) == ["1"], page


async def test_the_makers_own_plays_are_not_reach(app: App, moment: dict[str, Any]) -> None:
    link = await shared(app, moment=moment["id"])
    await older(app)
    for who in ("ada", "bob"):
        headers = app.signed_in(who) | {"User-Agent": BROWSER}
        of_moment = await ticket(app, moment=UUID(moment["id"]), browser=BROWSER)
        of_link = await ticket(app, share=UUID(link["id"]), browser=BROWSER)
        for body in played(of_moment, moment=moment["id"]), played(of_link, share=link["token"]):
            answer = await app.http.post("/v1/events", json=body, headers=headers)
            assert answer.status_code == 200, answer.text
    for page, plays in ("/moments", "2"), (f"/moments/{moment['code']}", "1"):  # there, of each link
        shown = re.sub(r"<[^>]+>", "", (await get(app, page)).text)
        assert re.findall(r"(\d+) plays?\b", shown) == [plays], page

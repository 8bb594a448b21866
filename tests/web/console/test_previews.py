"""The preview lab begins with links that there are, and none that was withdrawn."""

from typing import Any

from tests.support import App


async def test_it_offers_the_newest_links(app: App, moment: dict[str, Any]) -> None:
    ada, mira = app.signed_in("ada"), app.signed_in("mira", "marketer")
    body = {"moment": moment["id"], "channel": "copy"}
    kept, gone = [(await app.http.post("/v1/shares", json=body, headers=ada)).json() for _ in range(2)]
    assert (await app.http.delete(f"/v1/shares/{gone['id']}", headers=ada)).status_code == 204
    page = (await app.http.get("/console/previews", headers=mira)).text
    assert kept["url"].rsplit("/", 1)[1] in page
    assert gone["url"].rsplit("/", 1)[1] not in page
    withdrawn = await app.http.get(gone["url"], headers={"Accept": "text/html"})
    assert withdrawn.status_code == 410
    assert "Ask them for a new one." in withdrawn.text

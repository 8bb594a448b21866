"""The API's description can be read where there is no internet."""

import re

from tests.support import App


async def test_a_stream_of_events_is_described_as_one(app: App) -> None:
    document = app.asgi.openapi()
    told = document["paths"]["/v1/moments/{moment}/progress"]["get"]["responses"]["200"]["content"]
    assert list(told) == ["text/event-stream"]
    data = told["text/event-stream"]["schema"]["properties"]["data"]
    assert data["contentSchema"] == {"$ref": "#/components/schemas/RenderProgress"}


async def test_the_page_of_the_api_asks_nobody_else_for_anything(app: App) -> None:
    page = await app.http.get("/v1/docs")
    assert page.status_code == 200
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text) + re.findall(r"url: '([^']+)'", page.text)
    assert "/v1/openapi.json" in addresses
    assert len(addresses) >= 4
    for address in addresses:
        assert address.startswith("/"), address
        assert (await app.http.get(address)).status_code == 200, address

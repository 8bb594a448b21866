from tests.support import App


async def test_requests_are_counted_by_route_and_carry_an_id(app: App) -> None:
    first = await app.http.get("/v1/me", headers=app.signed_in("ada"))
    second = await app.http.get("/v1/me")
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    metrics = (await app.http.get("/metrics")).text
    assert 'groundswell_http_requests_total{method="GET",route="/v1/me",status="401"}' in metrics

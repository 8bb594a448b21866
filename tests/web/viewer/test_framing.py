"""What the maker of a moment chose for its upright shapes is what they show, wherever the moment goes."""

from typing import Any

from groundswell.moments.lookup import find_moment
from groundswell.moments.media.tiers import recipe_of
from tests.support import App

FRAMING = [{"start_us": 2_000_000, "focus": 1.0}, {"start_us": 0, "focus": 0.25}]


async def test_the_frame_of_each_shot_is_kept_and_decides_the_upright_files(app: App, moment: dict[str, Any]) -> None:
    async def recipes() -> dict[str, str]:
        async with app.runtime.database.transaction() as session:
            row = await find_moment(session, moment["code"])
            return {profile: recipe_of(row, profile).hash for profile in ("wide", "vertical", "square", "stories")}

    address, before = f"/v1/moments/{moment['id']}", await recipes()
    changed = await app.http.patch(address, json={"framing": FRAMING}, headers=app.signed_in())
    assert changed.json()["framing"] == FRAMING[::-1], "in the order of time"
    assert (await app.http.get(f"{address}/media")).json()["framing"] == FRAMING[::-1]
    after = await recipes()
    assert after["wide"] == before["wide"]
    assert all(after[profile] != before[profile] for profile in ("vertical", "square", "stories"))
    plain = await app.http.patch(address, json={"framing": None}, headers=app.signed_in())
    assert plain.json()["framing"] is None
    assert await recipes() == before


async def test_only_its_maker_moves_the_frame_and_only_within_the_picture(app: App, moment: dict[str, Any]) -> None:
    address = f"/v1/moments/{moment['id']}"
    other = await app.http.patch(address, json={"framing": FRAMING}, headers=app.signed_in("ben"))
    assert other.status_code == 404
    outside = [{"start_us": 0, "focus": 1.01}]
    refused = await app.http.patch(address, json={"framing": outside}, headers=app.signed_in())
    assert refused.status_code == 422

"""Finance enters what other currencies are worth: seen, kept, never changed, and used by the pools counted later."""

import csv
import io

from groundswell.platform.clock import utc_now
from tests.support import App
from tests.web.console.loop.test_overview import text_of

PAGE = "/console/finance/rates"


def typed(**fields: str) -> dict[str, str]:
    return {"currency": "usd", "into": "EUR", "valid_from": "2026-01-02", "rate": "0.92"} | fields


async def test_a_rate_is_entered_once_and_stays(app: App) -> None:
    fay = app.signed_in("fay", "finance", name="Fay")
    assert "No rate is entered" in text_of(await app.http.get(PAGE, headers=fay))
    entered = await app.http.post(PAGE, data=typed(), headers=fay)
    assert (entered.status_code, entered.headers["location"]) == (303, f"{PAGE}?saved=entered")
    page = text_of(await app.http.get(entered.headers["location"], headers=fay))
    assert "USD 0.92 EUR 2 Jan 2026 Fay" in page, page
    again = await app.http.post(PAGE, data=typed(rate="0.93"), headers=fay)
    assert (again.status_code, "rate_entered" in again.text) == (422, True)
    assert 'value="0.93"' in again.text, "what was typed stays"
    (row,) = csv.DictReader(io.StringIO((await app.http.get(f"{PAGE}.csv", headers=fay)).text))
    assert (row["currency"], row["into"], row["valid_from"], float(row["rate"])) == ("USD", "EUR", "2026-01-02", 0.92)
    (listed,) = (await app.http.get("/v1/exchange-rates", headers=fay)).json()["items"]
    assert (listed["currency"], float(listed["rate"])) == ("USD", 0.92)


WRONG_FIELDS = [
    ({"rate": "0"}, "Write a rate above zero."),
    ({"rate": "much"}, "Write a rate such as 0.92."),
    ({"rate": "0.12345678901"}, "at most ten digits"),
    ({"currency": "XXX"}, "no currency that anybody pays in"),
    ({"currency": "euro"}, "should match pattern"),
    ({"valid_from": "soon"}, "Write a day such as"),
    ({"currency": "EUR"}, "rate_invalid"),
    ({"valid_from": f"{utc_now().year + 2}-01-01"}, "rate_invalid"),
]


async def test_what_cannot_be_is_said_beside_its_field(app: App) -> None:
    for fields, said in WRONG_FIELDS:
        fay = app.signed_in("fay", "finance")
        answer = await app.http.post(PAGE, data=typed(**fields), headers=fay)
        assert answer.status_code == 422, fields
        assert said in text_of(answer)
        assert (await app.http.get("/v1/exchange-rates", headers=fay)).json()["items"] == []


async def test_only_finance_enters_rates(app: App) -> None:
    mira = app.signed_in("mira", "marketer")
    assert (await app.http.get(PAGE, headers=mira)).status_code == 403
    assert (await app.http.post(PAGE, data=typed(), headers=mira)).status_code == 403

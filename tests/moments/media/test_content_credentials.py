"""Content credentials: off by default; with a certificate, every exported file says what it is."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from groundswell.media import make_test_signer, read_credentials
from groundswell.moments.tables import Rendition
from tests.moments.clipping import clipped, rows
from tests.support import App

pytestmark = pytest.mark.usefixtures("title", "media_cache")

FILES = ("wide.mp4", "preview.mp4", "poster.jpg")


async def files(app: App, code: str, folder: Path) -> list[Path]:
    found = []
    for name in FILES:
        found.append(folder / name)
        found[-1].write_bytes((await app.http.get(f"/m/{code}/{name}")).content)
    return found


@pytest.mark.slow
async def test_nothing_is_signed_unless_a_certificate_is_named(app: App, tmp_path: Path) -> None:
    made = await clipped(app)
    await app.run_jobs()
    assert [read_credentials(file) for file in await files(app, made["code"], tmp_path)] == [None] * 3


@pytest.mark.slow
async def test_every_file_names_title_moment_and_service(app: App, tmp_path: Path) -> None:
    anchor = make_test_signer(tmp_path / "signer.pem", "Lumen")
    app.runtime.settings.credentials_file = tmp_path / "signer.pem"
    made = await clipped(app, caption="Look")
    await app.run_jobs()
    for file in await files(app, made["code"], tmp_path):
        found = read_credentials(file, anchor)
        assert found is not None
        assert found.state == "Trusted"
        assert "c2pa.trimmed" in found.actions
        assert "Numbers" in f"{found.title} {found.parent} {found.said}"
        assert made["url"] in str(found.said)


@pytest.mark.slow
async def test_a_private_moment_is_not_named(app: App, tmp_path: Path) -> None:
    make_test_signer(tmp_path / "signer.pem", "Lumen")
    app.runtime.settings.credentials_file = tmp_path / "signer.pem"
    made = await clipped(app, visibility="private", caption="A secret")
    await app.run_jobs()
    answer = await app.http.get(f"/m/{made['code']}/poster.jpg", headers=app.signed_in())
    (tmp_path / "poster.jpg").write_bytes(answer.content)
    found = read_credentials(tmp_path / "poster.jpg")
    assert found is not None
    assert made["code"] not in str(found)
    assert "secret" not in str(found)


@pytest.mark.slow
async def test_what_cannot_be_signed_does_not_leave_unsigned(app: App, tmp_path: Path) -> None:
    (tmp_path / "signer.pem").write_text("no certificate")
    app.runtime.settings.credentials_file = tmp_path / "signer.pem"
    made: dict[str, Any] = await clipped(app)
    await app.run_jobs()
    async with app.runtime.database.transaction() as session:
        codes = await rows(session, select(Rendition.failure_code))
    assert set(codes) == {"bad_certificate"}
    assert (await app.http.get(f"/m/{made['code']}/poster.jpg")).json()["code"] == "bad_certificate"

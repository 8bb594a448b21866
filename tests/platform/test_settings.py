"""Settings: documented, and secrets kept."""

import stat
from pathlib import Path

import pytest
from pydantic import ValidationError

from groundswell.platform.setting_files import SettingFileUnreadable
from groundswell.platform.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"


def test_every_setting_is_on_the_page_and_nothing_else() -> None:
    documented = {line.split("`")[1] for line in PAGE.read_text().splitlines() if line.startswith("| `GROUNDSWELL_")}
    assert documented == {f"GROUNDSWELL_{name.upper()}" for name in Settings.model_fields}


def test_the_secret_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first, second = Settings(data_dir=tmp_path).secret, Settings(data_dir=tmp_path).secret
    assert first == second
    assert len(first) >= 32
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("name", "value"), [("port", "eighty"), ("log_level", "LOUD"), ("log_format", "xml"), ("secret_key", "short")]
)
def test_a_wrong_value_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"GROUNDSWELL_{name.upper()}", value)
    with pytest.raises(ValidationError, match=name):
        Settings()


def test_a_setting_can_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s" * 40 + "\n")
    monkeypatch.setenv("GROUNDSWELL_SECRET_KEY_FILE", str(secret))
    monkeypatch.setenv("GROUNDSWELL_CREDENTIALS_FILE", str(secret))
    settings = Settings()
    assert (settings.secret, settings.credentials_file) == (b"s" * 40, secret)
    monkeypatch.setenv("GROUNDSWELL_SECRET_KEY", "t" * 40)
    with pytest.raises(SettingFileUnreadable, match="both set"):
        Settings()
    monkeypatch.delenv("GROUNDSWELL_SECRET_KEY")
    monkeypatch.setenv("GROUNDSWELL_SECRET_KEY_FILE", str(tmp_path / "none"))
    with pytest.raises(SettingFileUnreadable, match="SECRET_KEY_FILE"):
        Settings()


@pytest.mark.parametrize("name", ["base_url", "links_url", "service_url", "jwks_url"])
@pytest.mark.parametrize("value", ["moments.example.com", "/moments", "ftp://x", "https://", "http://a b"])
def test_an_address_that_is_none_is_refused_at_start(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"GROUNDSWELL_{name.upper()}", value)
    with pytest.raises(ValidationError, match="absolute address"):
        Settings()


def test_issuers_are_read_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDSWELL_STAFF_ISSUERS", '[{"issuer": "https://id.example", "client_id": "us"}]')
    (issuer,) = Settings().staff_issuers
    assert (issuer.label, issuer.people, issuer.secret()) == ("id.example", "https://id.example", None)
    for wrong in (
        '[{"issuer": "id.example", "client_id": "us"}]',
        '[{"issuer": "https://x"}]',
        '[{"client_id": "us"}]',
    ):
        monkeypatch.setenv("GROUNDSWELL_STAFF_ISSUERS", wrong)
        with pytest.raises(ValidationError):
            Settings()

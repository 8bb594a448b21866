"""Settings: documented, and secrets kept."""

import stat
from pathlib import Path

import pytest
from pydantic import ValidationError

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

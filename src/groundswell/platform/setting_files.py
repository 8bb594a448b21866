"""Settings out of files: ``GROUNDSWELL_X_FILE`` names a file with what ``GROUNDSWELL_X`` would say, as containers keep
secrets."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic_settings import EnvSettingsSource

from .cannot_start import CannotStart

SUFFIX = "_file"


class SettingFileUnreadable(CannotStart):
    """A setting is to be read from a file that cannot be read, or is given twice."""

    code = "setting_file_unreadable"


class SettingFiles(EnvSettingsSource):
    """The variables whose name ends in ``_FILE``, each as the variable without it and the file's text as its value."""

    def __call__(self) -> dict[str, Any]:
        return super().__call__() if self.env_vars else {}

    def _load_env_vars(self) -> Mapping[str, str | None]:
        said = super()._load_env_vars()
        fields = {f"{self.env_prefix}{name}".lower() for name in self.settings_cls.model_fields}
        named = {name.removesuffix(SUFFIX): path for name, path in said.items() if name.endswith(SUFFIX) and path}
        return {name: _text(name, path, said) for name, path in named.items() if path and name in fields}


def _text(name: str, path: str, said: Mapping[str, str | None]) -> str:
    if said.get(name):
        raise SettingFileUnreadable(f"{name.upper()} and {name.upper()}_FILE are both set: say one")
    try:
        return Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingFileUnreadable(f"{name.upper()}_FILE: {error}") from None

"""The rooms of the house, lowest first, and how to load the same room of each."""

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

FEATURES = (
    "accounts",
    "catalog",
    "trust",
    "moments",
    "shares",
    "events",
    "attribution",
    "insights",
    "discovery",
    "creators",
    "earnings",
    "demo",
)


def load(room: str) -> list[ModuleType]:
    """Import ``room`` (tables, api, jobs, …) of the platform and of every feature that has one, lowest first."""
    names = ["groundswell.platform.routing"] if room == "tables" else []
    names += [f"groundswell.{feature}.{room}" for feature in FEATURES]
    return [import_module(name) for name in names if find_spec(name)]

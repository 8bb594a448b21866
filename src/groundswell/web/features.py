"""The features: every folder that declares itself (see ``platform/features.py``), and how to load their modules.

There is no list to keep: a folder with a ``feature.py`` is a feature, and is taken up where it says that it stands.
"""

import pkgutil
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TypeGuard

import groundswell
from groundswell.platform.features import Feature

PLATFORM, ENGINE, WEB = "platform", "media", "web"
"""The folders that are not features: the ground floor, the clip engine, and what puts all together."""


class FeatureMisplaced(ValueError):
    """A feature stands on one that is not there, or, by way of others, on itself."""


@lru_cache(maxsize=1)
def discovered() -> dict[str, Feature]:
    """Every feature by the name of its folder: what is below others comes first, then in the order of the alphabet."""
    declared = {
        name: import_module(f"groundswell.{name}.feature").FEATURE
        for name in _folders()
        if find_spec(f"groundswell.{name}.feature")
    }
    return {name: declared[name] for name in sorted(declared, key=lambda name: (height(name, declared), name))}


def undeclared() -> list[str]:
    """Folders that are neither features nor one of the three that need not be."""
    return [name for name in _folders() if name not in {*discovered(), PLATFORM, ENGINE, WEB}]


def products() -> dict[str, Feature]:
    """The features that every installation has, lowest first."""
    return {name: feature for name, feature in discovered().items() if feature.product}


def floors() -> list[list[str]]:
    """The modules of each floor of the house, the highest first; those of one floor do not know each other."""
    heights: dict[int, list[str]] = {}
    for name in products():
        heights.setdefault(height(name, discovered()), []).append(name)
    heights[0].append(ENGINE)
    above_all = [name for name in discovered() if name not in products()]
    features = [heights[height] for height in sorted(heights, reverse=True)]
    floors = [above_all, ["cli"], ["doctor", "backup"], [WEB], *features, [PLATFORM]]
    return [[f"groundswell.{name}" for name in floor] for floor in floors if floor]


def load(module: str, *, everywhere: bool = False) -> list[ModuleType]:
    """Import ``module`` (tables, api, jobs, …) of the platform and of every feature that has one, lowest first.

    Args:
        everywhere: also of what is not in every installation (the demo).
    """
    names = ["groundswell.platform.routing"] if module == "tables" else []
    names += [f"groundswell.{feature}.{module}" for feature in (discovered() if everywhere else products())]
    return [import_module(name) for name in names if find_spec(name)]


def declared_signals() -> list[type]:
    """The signals of every feature, lowest first, with all that subscribe to them loaded."""
    for module in ("lifespan", "jobs", "api", "pages"):
        load(module)
    return [each for module in load("signals") for each in vars(module).values() if _is_of(each, module)]


def _is_of(value: object, module: ModuleType) -> TypeGuard[type]:
    return isinstance(value, type) and value.__module__ == module.__name__ and not value.__name__.startswith("_")


def _folders() -> list[str]:
    return [found.name for found in pkgutil.iter_modules(groundswell.__path__) if found.ispkg]


def height(name: str, declared: dict[str, Feature], seen: tuple[str, ...] = ()) -> int:
    """How many features one stands on.

    Raises:
        FeatureMisplaced: see there.
    """
    if name in seen or name not in declared:
        raise FeatureMisplaced(" above ".join([*seen, name]))
    feature = declared[name]
    if not feature.product:
        return len(declared)
    return 0 if feature.above is None else 1 + height(feature.above, declared, (*seen, name))

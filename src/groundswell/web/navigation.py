"""The console's navigation, made from what the features declare: sections in the bar, pages in a section's menu."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from groundswell.platform.features import Feature, MenuEntry, Section

from .features import products


class SectionUnknown(ValueError):
    """A menu entry names a section that no feature declares."""


@dataclass(frozen=True)
class Navigation:
    """Sections by their place in the bar, and the menu of each."""

    sections: tuple[Section, ...]
    menu: tuple[MenuEntry, ...]

    def open_to(self, roles: frozenset[str]) -> list[Section]:
        """The sections that staff with ``roles`` may open."""
        return [section for section in self.sections if roles & {section.role, "admin"}]

    def current(self, roles: frozenset[str], path: str) -> Section | None:
        """The section, of those open to ``roles``, in which the page at ``path`` lies."""
        return next((each for each in self.open_to(roles) if self._holds(each, path)), None)

    def pages(self, section: str) -> list[MenuEntry]:
        """What stands in the menu of a section: its own page first."""
        opened_at = {each.name: each.path for each in self.sections}.get(section)
        pages = [entry for entry in self.menu if entry.section == section and entry.label is not None]
        return sorted(pages, key=lambda entry: entry.path != opened_at)

    def _holds(self, section: Section, path: str) -> bool:
        begins = [section.path, *(entry.path for entry in self.menu if entry.section == section.name)]
        return any(path == begin or path.startswith(f"{begin}/") for begin in begins)


def build(features: Iterable[Feature]) -> Navigation:
    """The navigation of ``features``.

    Raises:
        SectionUnknown: see there.
    """
    features = list(features)
    sections = sorted((each for feature in features for each in feature.sections), key=lambda each: each.place)
    menu = tuple(entry for feature in features for entry in feature.menu)
    for entry in _astray(menu, {section.name for section in sections}):
        raise SectionUnknown(f"{entry.path} is in the menu of {entry.section}")
    return Navigation(tuple(sections), menu)


def _astray(menu: Iterable[MenuEntry], sections: set[str]) -> Iterator[MenuEntry]:
    return (entry for entry in menu if entry.section not in sections)


@lru_cache(maxsize=1)
def navigation() -> Navigation:
    """The navigation of this installation."""
    return build(products().values())

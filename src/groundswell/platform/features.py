"""How a feature declares itself: one ``FEATURE`` in the ``feature.py`` of its folder.

Everything that has to know of a feature reads it from there (``web/features.py`` finds the folders): the order of
imports, routers and tables, the console's navigation, the tags of the OpenAPI document, the table in the docs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class MenuEntry:
    """A page in a section's menu; one without a ``label`` belongs to the section and is reached from its pages."""

    section: str
    path: str
    label: str | None = None


@dataclass(frozen=True)
class Section:
    """A section of the console.

    Args:
        name: in the bar at the top of every page.
        path: where it begins.
        role: the staff role that opens it (``admin`` opens all).
        about: what it is for, one sentence.
        place: where it stands in the bar, ascending.
    """

    name: str
    path: str
    role: str
    about: str
    place: int


@dataclass(frozen=True)
class Feature:
    """What a folder of ``src/groundswell/`` is.

    Args:
        about: what stands there, for the docs' table.
        above: the feature that it stands directly on, whose imports it may use with all below; None: on the platform.
            Features on the same one do not know each other.
        step: the step of the loop that it serves, for the docs' table.
        tags: tags of its routes in the OpenAPI document, each with a sentence.
        sections: of the console.
        menu: pages in the menus of its own sections or of lower features' ones.
        product: whether every installation has it. One that has not (the demo) stands above ``web``.
    """

    about: str
    above: str | None
    step: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    sections: tuple[Section, ...] = ()
    menu: tuple[MenuEntry, ...] = ()
    product: bool = True

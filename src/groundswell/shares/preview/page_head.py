"""What the beginning of a page says to robots: its metas, links and title. Pure."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin


@dataclass
class Head:
    """``metas`` by property or name (the first of each counts, as robots have it), ``links`` by their type or rel."""

    metas: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    title: str = ""
    closed: bool = False

    def first(self, *names: str) -> str:
        """The first of ``names`` that says something."""
        return next((text for name in names if (text := self.metas.get(name, "").strip())), "")

    def address(self, base: str, *names: str) -> str:
        """The first of ``names``, as an absolute address; empty when none says anything."""
        found = self.first(*names)
        return urljoin(base, found) if found else ""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.head, self._in_title = Head(), False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "meta":
            name = said.get("property") or said.get("name") or ""
            self.head.metas.setdefault(name.lower(), said.get("content", ""))
        elif tag == "link":
            for key in (said.get("type", ""), said.get("rel", "")):
                self.head.links.setdefault(key.lower(), said.get("href", ""))
        elif tag == "title":
            self._in_title = not self.head.title

    def handle_endtag(self, tag: str) -> None:
        self._in_title = False if tag == "title" else self._in_title
        self.head.closed = self.head.closed or tag == "head"

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.head.title += data


def read_head(content: bytes) -> Head:
    """What ``content``, the beginning of a page in UTF-8, says. Tags that are cut off in the middle are not seen."""
    reader = _Reader()
    reader.feed(content.decode(errors="replace"))
    return reader.head

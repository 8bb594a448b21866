"""Many catalogue entries as NDJSON: one JSON document a line, a result a line, bad lines refused one by one.

Whether a line says what is known already is told before anything of it is looked at, by a hash over its bytes; where
those differ (spaces, the order of members), by a hash over what it says. A catalogue that has not changed is hardly
parsed.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple
from uuid import UUID

from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from pydantic_core import from_json
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.problems import Problem

from .entries import Given, known_hashes, known_lines, note_lines, write
from .entry import ExternalId, TitleEntry, hash_of

LINES_MAX = 5_000
LINE_MAX = 1 << 20


class TooManyLines(Problem):
    status, code, title = 413, "too_many_lines", "These are more lines than one call takes."


class LineResult(BaseModel):
    """What became of a line. ``line`` counts from 1; ``code`` and ``detail`` say why it was refused."""

    line: int
    external_id: str | None = None
    result: Literal["created", "changed", "unchanged", "refused"]
    id: UUID | None = None
    slug: str | None = None
    code: str | None = None
    detail: str | None = Field(None, description="For people.")

    def written(self) -> str:
        """As a line of JSON. Most say that nothing has changed, of ids in which nothing needs escaping."""
        if self.result == "unchanged":
            return f'{{"line":{self.line},"external_id":"{self.external_id}","result":"unchanged"}}\n'
        return self.model_dump_json(exclude_none=True) + "\n"


@dataclass(frozen=True)
class ReadLine:
    """A line as it was read: what it says, with its hash; or why it cannot be (``refusal``: code and words)."""

    number: int
    external_id: str | None = None
    said: Mapping[str, Any] | None = None
    hash: bytes = b""
    refusal: tuple[str, str] | None = None
    line_hash: bytes | None = None


class RawLine(NamedTuple):
    """A line as it is written, not looked at yet. ``not_live``: it says so, unless it says otherwise."""

    number: int
    text: bytes
    not_live: bool = False

    @property
    def hash(self) -> bytes:
        """Over the line and how it is read."""
        return hashlib.blake2b(self.text.strip(), digest_size=16, person=b"not live" if self.not_live else b"").digest()

    def read(self) -> ReadLine:
        """What it says."""
        line = read_line(self.number, self.text)
        return replace(with_live(line) if self.not_live else line, line_hash=self.hash)


_EXTERNAL_ID: TypeAdapter[str] = TypeAdapter(ExternalId)


def raw_lines(body: bytes, most: int) -> list[RawLine]:
    """The lines of an NDJSON body; empty ones count, and are left out.

    Raises:
        TooManyLines: there are more than ``most``.
    """
    found = [RawLine(number, line) for number, line in enumerate(body.split(b"\n"), 1) if line.strip()]
    if len(found) > most:
        raise TooManyLines(f"One call takes {most} lines; this has {len(found)}. Send them in several.")
    return found


def read_line(number: int, line: bytes) -> ReadLine:
    """One line. Its entry is not validated yet."""
    if len(line) > LINE_MAX:
        return ReadLine(number, refusal=("line_too_long", f"A line is at most {LINE_MAX >> 10} KiB long."))
    try:
        said = from_json(line)
    except ValueError as error:
        return ReadLine(number, refusal=("line_not_json", f"It is no JSON: {error}."))
    return said_line(number, said)


def said_line(number: int, said: Any) -> ReadLine:
    """A line of what a document says: an object with the members of an entry and its ``external_id``."""
    if not isinstance(said, dict):
        return ReadLine(number, refusal=("line_not_an_object", "It is no JSON object."))
    external_id = said.pop("external_id", None)
    try:
        _EXTERNAL_ID.validate_python(external_id, strict=True)
    except ValidationError as error:
        return ReadLine(number, refusal=("external_id_refused", f"external_id: {error.errors()[0]['msg']}."))
    return ReadLine(number, external_id, said, hash_of(said))


def with_live(line: ReadLine) -> ReadLine:
    """``line``, which says that it is not live where it says nothing of that."""
    if line.said is None or line.said.get("live") is not None:
        return line
    return said_line(line.number, {**line.said, "external_id": line.external_id, "live": False})


async def results(session: AsyncSession, lines: Sequence[ReadLine | RawLine], given_by: str) -> list[LineResult]:
    """Write what ``lines`` say; returns what became of each."""
    raw = {line.number: line for line in lines if isinstance(line, RawLine)}
    hashes = {number: line.hash for number, line in raw.items()}
    same = await known_lines(session, hashes.values()) if hashes else {}
    found = {
        number: LineResult(line=number, external_id=same[hash], result="unchanged")
        for number, hash in hashes.items()
        if hash in same
    }
    rest = [line.read() if isinstance(line, RawLine) else line for line in lines if line.number not in found]
    again = {line.external_id for line in rest} & {line.external_id for line in found.values()} if rest else ()
    if again:  # said once more in other words: what stands there last is to stay
        rest = [line.read() if isinstance(line, RawLine) else line for line in lines]
        found = {}
    found |= {line.line: line for line in await _results(session, rest, given_by)} if rest else {}
    return [found[line.number] for line in lines]


async def _results(session: AsyncSession, lines: Sequence[ReadLine], given_by: str) -> list[LineResult]:
    wanted = {line.external_id for line in lines if line.external_id is not None and line.refusal is None}
    known = await known_hashes(session, wanted)
    # A title that is said twice is looked at twice: the later line may bring back what the earlier one changed.
    once = _said_once(lines)
    found: dict[int, LineResult] = {}
    given: list[tuple[int, Given]] = []
    for line in lines:
        if line.refusal is None and line.external_id in once and known.get(line.external_id) == line.hash:
            found[line.number] = LineResult(line=line.number, external_id=line.external_id, result="unchanged")
        elif (entry := _validated(line)) is None or isinstance(entry, LineResult):
            found[line.number] = entry or _refused(line, *(line.refusal or ("invalid", "")))
        else:
            given.append((line.number, entry))
    same = [line for line in lines if line.number in found and found[line.number].result == "unchanged"]
    await note_lines(session, [(str(line.external_id), line.line_hash) for line in same if line.line_hash is not None])
    outcomes = await write(session, [each for _, each in given], given_by) if given else []
    for (number, _), out in zip(given, outcomes, strict=True):
        why = {} if out.refusal is None else {"code": out.refusal.reason(), "detail": out.refusal.detail}
        found[number] = LineResult(
            line=number, external_id=out.external_id, result=out.result, id=out.id, slug=out.slug, **why
        )
    return [found[line.number] for line in lines]


def _said_once(lines: Iterable[ReadLine]) -> set[str]:
    seen: set[str] = set()
    again: set[str] = set()
    for line in lines:
        if line.external_id is not None:
            (again if line.external_id in seen else seen).add(line.external_id)
    return seen - again


def _validated(line: ReadLine) -> Given | LineResult | None:
    if line.refusal is not None or line.external_id is None or line.said is None:
        return None
    try:
        entry = TitleEntry.model_validate(line.said)
    except ValidationError as error:
        return _refused(line, *reason_of(error))
    return Given(line.external_id, entry, line.hash, line.line_hash)


def reason_of(error: ValidationError) -> tuple[str, str]:
    """The code and the words of what cannot be in an entry: the code of our own first reason, else ``invalid``."""
    first = next((each["type"] for each in error.errors() if each["type"].endswith("_refused")), "invalid")
    words = "; ".join(
        f"{'.'.join(map(str, each['loc'])) or 'entry'}: {each['msg'].removeprefix('Value error, ')}"
        for each in error.errors()[:5]
    )
    return first, words


def _refused(line: ReadLine, code: str, words: str) -> LineResult:
    return LineResult(line=line.number, external_id=line.external_id, result="refused", code=code, detail=words)

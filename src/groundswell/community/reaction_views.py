"""A moment's reactions as the API shows them."""

from weakref import WeakKeyDictionary

from .doors import Meeting
from .reactions import ReactionLine
from .schemas import MyReaction, ReactionsAt, ReactionsOut

NOBODYS = b"null}"
"""How reactions end as JSON for who has none: ``mine`` is their last member."""

_shown: WeakKeyDictionary[ReactionLine, bytes] = WeakKeyDictionary()


def reactions_out(met: Meeting, line: ReactionLine, mine: MyReaction | None) -> ReactionsOut:
    """Reactions as whoever feels ``mine`` sees them."""
    return ReactionsOut(
        moment=met.moment.id,
        start_us=met.moment.start_us,
        end_us=met.moment.end_us,
        counts=line.counts,
        total=sum(line.counts.values()),
        seconds=[ReactionsAt.model_validate({"at_us": at, "kind": kind, "count": n}) for at, kind, n in line.seconds],
        mine=mine,
    )


def as_json(met: Meeting, line: ReactionLine, mine: MyReaction) -> bytes:
    """``reactions_out`` as JSON, of which all but ``mine`` is written once for all who see the same line."""
    shown = _shown.get(line)
    if shown is None:
        shown = _shown[line] = reactions_out(met, line, None).model_dump_json().encode()
    return shown.removesuffix(NOBODYS) + mine.model_dump_json().encode() + b"}"

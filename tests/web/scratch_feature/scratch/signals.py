"""What notes tell the features above them."""

from dataclasses import dataclass

from .tables import Note


@dataclass(frozen=True)
class NoteLeft:
    """Somebody left a note."""

    note: Note

"""What events tells the features above it."""

from dataclasses import dataclass

from .event import Event


@dataclass(frozen=True)
class Visited:
    """A signed-in viewer came by way of a share (or a robot in their name: see the event's verdict)."""

    event: Event

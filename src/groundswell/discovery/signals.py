"""What discovery tells the features above it."""

from dataclasses import dataclass

from .tables import SceneRow


@dataclass(frozen=True)
class SceneRising:
    """A scene began to rise: votes for it come faster than its heat would have them. Sent once a rise."""

    scene: SceneRow

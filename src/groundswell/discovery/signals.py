"""What discovery tells the features above it."""

from dataclasses import dataclass
from uuid import UUID

from .tables import SceneRow
from .trending.tables import TrendAlert, TrendAlertHit


@dataclass(frozen=True)
class SceneRising:
    """A scene began to rise: votes for it come faster than its heat would have them. Sent once a rise."""

    scene: SceneRow


@dataclass(frozen=True)
class AlertRaised:
    """A scene of the title ``title_id`` is expected to pass what an alert says. Sent once an alert and scene."""

    alert: TrendAlert
    hit: TrendAlertHit
    title_id: UUID

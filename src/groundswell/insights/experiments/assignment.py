"""Which arm a unit is in: drawn once by its name, the same on every machine and for good. Pure.

The unit's name and the experiment's id are hashed together (SHA-256), so that two experiments draw independently of
each other and nothing need be stored for a draw to be repeated.
"""

import hashlib
from typing import Literal
from uuid import UUID

Arm = Literal["control", "treatment"]
PPM = 1_000_000


def drawn(experiment: UUID, unit: str) -> int:
    """The unit's ticket: a whole number below a million, each as likely as any other."""
    digest = hashlib.sha256(experiment.bytes + unit.encode()).digest()
    return int.from_bytes(digest[:8], "big") * PPM >> 64


def arm_of(experiment: UUID, unit: str, control_ppm: int) -> Arm:
    """``control`` for ``control_ppm`` in a million units, ``treatment`` for the others."""
    return "control" if drawn(experiment, unit) < control_ppm else "treatment"

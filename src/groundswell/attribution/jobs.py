"""What every process of this room registers: credit is sealed into the lake wherever sealing is done."""

from . import lake

__all__ = ["lake"]

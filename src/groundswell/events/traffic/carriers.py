"""Networks whose addresses many people share, as an operator knows them: mobile carriers (RFC 6598), campuses, offices.

Visits keep no address, only the day's hash of its network; which of these are such networks' is found by hashing their
blocks with the day's salt, as long as there is one. A day without its salt is not judged by place at all where such
networks are known.
"""

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.events.tables import VisitorSalt
from groundswell.platform.addresses import BLOCK_BITS

from .visitors import origin


def blocks(networks: Iterable[str]) -> Iterator[str]:
    """An address in each block of ``networks``."""
    for named in networks:
        network = ipaddress.ip_network(named)
        bits = BLOCK_BITS[network.version]
        if network.prefixlen >= bits:
            yield str(network.network_address)
        else:
            yield from (str(block.network_address) for block in network.subnets(new_prefix=bits))


class CarrierHashes:
    """The hashes of carriers' networks on the days whose salts are still there."""

    def __init__(self, networks: Sequence[str], salts: dict[date, bytes]) -> None:
        self.any = bool(networks)
        self.days = frozenset(salts)
        self.hashes = frozenset(
            origin.__wrapped__(salt, address)[1] for salt in salts.values() for address in blocks(networks)
        )

    def has(self, network: str | None) -> bool:
        """Whether the hash is of a carrier's network."""
        return network in self.hashes

    def is_known(self, at: datetime) -> bool:
        """Whether it can be said of visits at ``at``."""
        return not self.any or at.astimezone(UTC).date() in self.days


async def carrier_hashes(session: AsyncSession, networks: Sequence[str], since: datetime) -> CarrierHashes:
    """Those of the days since an instant."""
    if not networks:
        return CarrierHashes((), {})
    query = select(VisitorSalt.day, VisitorSalt.salt).where(VisitorSalt.day >= since.astimezone(UTC).date())
    return CarrierHashes(networks, {day: salt for day, salt in await session.execute(query)})  # noqa: C416 - rows are no pairs


class Carriers:
    """Whether an address is of one of the networks.

    Args:
        networks: as ``10.1.0.0/16``.
    """

    def __init__(self, networks: Sequence[str] = ()) -> None:
        self._networks = [ipaddress.ip_network(named) for named in networks]

    def has(self, address: str) -> bool:
        if not self._networks:
            return False
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._networks)

"""Networks that the operator knows as shared: by address while a request is there, by the day's hash afterwards."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.events.ingest.limits import VisitLimits
from groundswell.events.traffic.carriers import CarrierHashes, Carriers
from groundswell.events.traffic.visitors import origin
from groundswell.platform.addresses import shared_network

DAY, SALT = date(2026, 5, 4), b"0123456789abcdef"
NETWORKS = ["100.64.0.0/20", "203.0.113.64/26", "2001:db8:4000::/44"]


@given(st.ip_addresses(v=4, network="100.64.0.0/20") | st.ip_addresses(v=6, network="2001:db8:4000::/44"))
def test_what_is_in_a_network_is_known_by_address_and_by_hash(address: object) -> None:
    assert Carriers(NETWORKS).has(str(address))
    hashes = CarrierHashes(NETWORKS, {DAY: SALT})
    assert hashes.has(origin(SALT, str(address))[1])
    assert not hashes.has(origin(b"another day's sal", str(address))[1])


def test_what_is_beside_it_is_not() -> None:
    hashes = CarrierHashes(NETWORKS, {DAY: SALT})
    for address in ("100.64.16.1", "8.8.8.8", "2001:db8:4010::1", "testclient"):
        assert not Carriers(NETWORKS).has(address)
        assert not hashes.has(origin(SALT, address)[1])
    assert not Carriers().has("8.8.8.8")
    assert not hashes.has(None)


def test_of_a_day_without_its_salt_it_cannot_be_said() -> None:
    hashes = CarrierHashes(NETWORKS, {DAY: SALT})
    assert hashes.is_known(datetime(2026, 5, 4, 23, tzinfo=UTC))
    assert not hashes.is_known(datetime(2026, 5, 3, 23, tzinfo=UTC))
    assert CarrierHashes((), {}).is_known(datetime(2026, 5, 3, tzinfo=UTC)), "where none is known, none is missed"


@pytest.mark.parametrize("named", ["10.0.0.0/7", "::/0", "2001::/31", "10.0.0.1/8", "nonsense"])
def test_what_cannot_be_gone_through_is_refused(named: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        shared_network(named)


def test_one_address_of_a_carrier_may_bring_what_a_network_may() -> None:
    limits = VisitLimits(per_address=2, per_network=5, carriers=Carriers(["100.64.0.0/24"]))
    assert [limits.judge("8.8.8.8", 0) is None for _ in range(3)] == [True, True, False]
    assert [limits.judge("100.64.0.7", 0) is None for _ in range(6)] == [True] * 5 + [False]
    assert limits.judge("100.64.0.8", 0) is None, "the network has no limit of its own"

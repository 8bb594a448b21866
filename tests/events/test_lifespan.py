"""What operators set reaches what receives events."""

from groundswell.events.ingest.handler import Receiving
from groundswell.platform.settings import Settings
from tests.support import started


async def test_of_carriers_networks_an_address_may_bring_what_a_network_may(settings: Settings) -> None:
    told = {"plays_per_address": 1, "plays_per_network": 3, "carrier_networks": ["100.64.0.0/24"]}
    async with started(settings.model_copy(update=told)) as app:
        limits = app.services.get(Receiving).limits
        assert [limits.judge("203.0.113.9") is None for _ in range(2)] == [True, False]
        assert [limits.judge("100.64.0.7") is None for _ in range(4)] == [True] * 3 + [False]
        others = [limits.judge(f"198.51.100.{n}") is None for n in range(4)]
        assert others == [True] * 3 + [False], "addresses of another network"

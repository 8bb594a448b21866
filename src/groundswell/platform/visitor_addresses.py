"""Notices when every visitor seems to come from one address: a proxy stands before us that is not trusted."""

import structlog

log = structlog.get_logger(__name__)

ENOUGH = 500
"""Requests from one address alone after which that is no coincidence."""


class VisitorAddresses:
    """Counts requests until a second address is seen; says so once when none is."""

    def __init__(self, enough: int = ENOUGH) -> None:
        self.enough = enough
        self.only: str | None = None
        self.seen = 0
        self.settled = False

    def note(self, address: str) -> bool:
        """Note a request from ``address``; True when it is now clear that all have one."""
        if self.settled:
            return False
        if self.only not in (None, address):
            self.settled = True
            return False
        self.only, self.seen = address, self.seen + 1
        self.settled = self.seen >= self.enough
        if self.settled:
            log.warning(
                "all_visitors_have_one_address",
                address=address,
                what="clicks, limits and fraud rules take them for one person: set GROUNDSWELL_TRUSTED_PROXIES",
            )
        return self.settled

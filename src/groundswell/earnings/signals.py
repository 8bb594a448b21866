"""What earnings tell the features above them."""

from collections.abc import Sequence
from dataclasses import dataclass

from .tables import Payout, Pool, Statement


@dataclass(frozen=True)
class StatementPosted:
    """A creator's part of a pool is in their account; a statement of nothing is posted too."""

    statement: Statement
    pool: Pool


@dataclass(frozen=True)
class PayoutsMade:
    """Creators were paid everything due to them in one currency: at most one payout of each."""

    payouts: Sequence[Payout]


@dataclass(frozen=True)
class PayoutsCameBack:
    """Payouts came back: what they paid is due again."""

    payouts: Sequence[Payout]

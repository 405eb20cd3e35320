"""What is bid for a place in a ledger: enough for a usual hour, more once that was too little, never above the cap.

One pays what inclusion costs, not what one bids; a cap is for the hour in which that is absurd. Then refunds wait.
"""

from contextlib import suppress

from billpay.failures import Unavailable
from billpay.ledger.base import FeeStats, LedgerSource

BASE_FEE_STROOPS = 100
"""The network's minimum for one operation, where a server does not tell it."""

OUTBIDS_BY = 10
"""A queue lets a higher bid for the same number replace a waiting one only from ten times its fee on (stellar-core,
`FEE_MULTIPLIER`)."""


async def ask_fees(source: LedgerSource) -> FeeStats | None:
    """Answer what inclusion costs now; None where nobody can tell, which keeps no refund waiting."""
    with suppress(Unavailable):
        return await source.fee_stats()
    return None


def bid(stats: FeeStats | None, *, cap: int, was_outbid: bool) -> int:
    """Answer what to bid for each operation: what nine of ten pay, or 99 of 100 where that was too little before."""
    if stats is None:
        return BASE_FEE_STROOPS
    wanted = stats.surge if was_outbid else stats.usual
    return max(stats.base, BASE_FEE_STROOPS, min(cap, wanted))


def higher_bid(stats: FeeStats | None, last: int, *, cap: int) -> int | None:
    """Answer what to bid after `last` was too little; None where the cap allows no more."""
    surge = stats.surge if stats else BASE_FEE_STROOPS
    wanted = min(cap, max(surge, last * OUTBIDS_BY))
    return wanted if wanted > last else None

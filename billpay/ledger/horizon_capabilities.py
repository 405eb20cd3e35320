"""What a Horizon can do beyond what every one can: read from its root document, else found out by asking.

A fork may be years behind: no submission without waiting, no fee statistics, perhaps no claimable balances.
"""

from billpay.ledger.base import Capabilities
from billpay.ledger.horizon_http import ASYNCHRONOUS, HorizonHttp
from billpay.ledger.shapes import Document

FEE_STATS = "fee_stats"
CLAIMABLE_BALANCES = "claimable_balances"


async def probe(http: HorizonHttp, root: Document) -> Capabilities:
    """Answer what the server with this root document can do.

    Raises:
        Unavailable, Misconfigured: it gave no usable answer, which says nothing of what it can do.
    """
    links = root.get("_links")
    listed = frozenset(links) if isinstance(links, dict) else frozenset()
    return Capabilities(
        fee_stats=FEE_STATS in listed or await http.offers(FEE_STATS),
        claimable_balances=CLAIMABLE_BALANCES in listed or await http.offers(CLAIMABLE_BALANCES),
        asynchronous_submission=ASYNCHRONOUS in listed
        or await http.offers(ASYNCHRONOUS, to_post=True),
    )

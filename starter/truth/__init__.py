"""What really happened in the sandbox, against what our records say: every difference is one line.

    I1   every credit to the treasury has exactly one deposit row, and nothing else has one (I23)
    I2   every deposit is delivered, refunded, held or kept as dust, and its parts add up to it
    I3   sold or given back whole, never both; completed means sold
    I4   an order has at most one sale
    I5   the treasury holds what came in minus what our records say went back
    I7   the tokens we keep are the tokens that were sold
    I8   the customer was told how it ended, with the sold token and no other
    I9   every payment of the treasury is one refund of ours: its amount, its destination, once
    I13  nothing ends while its sale is still open
    I14  whatever was sold is an attempt of ours
    I17  what was sold is what was ordered, to the kobo

`books` holds both sides, `rules` has one pure function for each line above, `reading` fetches the values.
"""

from billpay.domain.deposits import DepositPolicy
from billpay.store import Store
from starter.truth.books import Books
from starter.truth.comparison import Comparison, Row, draw_up
from starter.truth.reading import read_records, read_world, sandbox_at

__all__ = ["Comparison", "Row", "compare"]

_USUAL = DepositPolicy()


async def compare(store: Store, sandbox_url: str, *, policy: DepositPolicy = _USUAL) -> Comparison:
    """Compare a sandbox with the records of the service that lives in it, under the policy that it lives by.

    Meant for a world at rest, whose two sides began together: a payment in motion shows as a difference, and so does
    one from before our records.
    """
    async with sandbox_at(sandbox_url) as sandbox:
        world = await read_world(sandbox)
    return draw_up(Books(world, await read_records(store), policy))

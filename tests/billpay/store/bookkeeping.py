"""What a test of the journal reads, and the ways of a deposit's money that it leads it on."""

from collections import Counter
from datetime import timedelta
from typing import Any

from billpay.domain.money import Stroops
from billpay.domain.refunds import EnvelopeKind, RefundPurpose
from billpay.ledger.positions import operation_position
from billpay.store.claimables import taking_back
from billpay.store.errands import ErrandEnvelope

FEE = 300_000_000
"""Thirty naira, in stroops."""

APPLIED_IN = 300
BALANCE_ID = "00" * 36


async def balances(till) -> dict[str, int]:
    """What every account holds that holds anything, cNGN by its bare name."""
    return {one.account: one.balance for one in await till.store.journal.balances() if one.balance}


async def entries(sql, **known: Any) -> list[str]:
    """The kinds of a journal's entries, in order."""
    rows = await sql.rows("SELECT kind FROM journal_entries ORDER BY entry_id")
    return [kind for (kind,) in rows]


async def entry_sums(sql) -> Counter[int]:
    """How many entries add up to what, for each currency of each."""
    rows = await sql.rows(
        "SELECT sum(amount)::bigint FROM journal_postings GROUP BY entry_id, currency"
    )
    return Counter(total for (total,) in rows)


def place(ledger: int, operation: int = 1) -> dict[str, Any]:
    """Where a credit lies, for `till.credit`."""
    name = operation_position(ledger, 1, operation)
    return {"operation_id": name, "paging_token": name, "ledger": ledger}


async def paid_back(till, operation_id: str, ledger: int | None = APPLIED_IN) -> str:
    """A deposit that went back whole; answers its refund's id."""
    refund, envelope = await till.signed(operation_id)
    await till.store.refunds.mark_paid(refund.refund_id, envelope.transaction_hash, ledger=ledger)
    return refund.refund_id


async def set_aside(till, operation_id: str) -> str:
    """A deposit whose refund waits on the ledger; answers its refund's id."""
    refund = await till.whole(operation_id)
    await _save_set_aside(till, refund)
    return refund.refund_id


async def excess_back(till, operation_id: str, amount: int, *, aside: bool = False) -> str:
    """The excess of a delivered deposit, sent back or set aside."""
    refund = await till.store.refunds.open(
        operation_id=operation_id,
        purpose=RefundPurpose.EXCESS,
        amount=Stroops(amount),
        reason="too much",
    )
    if aside:
        await _save_set_aside(till, refund)
        return refund.refund_id
    envelope = await till.envelope(refund)
    await till.store.refunds.save_envelope(envelope)
    await till.store.refunds.mark_paid(
        refund.refund_id, envelope.transaction_hash, ledger=APPLIED_IN
    )
    return refund.refund_id


async def _save_set_aside(till, refund) -> None:
    envelope = await till.envelope(
        refund,
        kind=EnvelopeKind.CLAIMABLE_BALANCE,
        balance_id=BALANCE_ID,
        reclaimable_at=till.clock() + timedelta(days=30),
    )
    await till.store.refunds.save_envelope(envelope)
    await till.store.refunds.mark_paid(
        refund.refund_id, envelope.transaction_hash, ledger=APPLIED_IN
    )


async def taken_back(till, ledger: int = APPLIED_IN + 10) -> None:
    """What was set aside is in the wallet again."""
    errand = taking_back(BALANCE_ID)
    owned = await till.store.channels.claim_own(errand)
    envelope = ErrandEnvelope(
        transaction_hash="e" * 64,
        errand=errand,
        source_account=owned.address,
        sequence=await till.store.channels.reserve(errand, 7_000),
        envelope_xdr="signed",
        valid_until=till.clock() + timedelta(minutes=5),
    )
    await till.store.channels.save_errand(envelope)
    await till.store.claimables.mark_reclaimed(BALANCE_ID, "e" * 64, ledger=ledger)

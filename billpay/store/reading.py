"""From rows to the domain's values and back, and the exact way between NUMERIC and whole units."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter

from billpay.domain.attempts import Attempt
from billpay.domain.deposits import Credit, Deposit, Disposition, StrayReason
from billpay.domain.money import STROOPS_PER_CNGN, Kobo, Stroops
from billpay.domain.orders import OrderRow
from billpay.domain.outcomes import Outcome, Settled
from billpay.domain.refunds import (
    EnvelopeKind,
    EnvelopeState,
    MemoKind,
    Refund,
    RefundEnvelope,
    RefundPurpose,
    RefundStatus,
)
from billpay.domain.routing import ProviderName
from billpay.domain.statuses import BillStatus
from billpay.store.catalogue_tables import OrderPriceRow
from billpay.store.tables import (
    AttemptRow,
    BillPaymentRow,
    DepositRow,
    RefundEnvelopeRow,
    RefundRow,
    TransactionRow,
)

_OUTCOMES: TypeAdapter[Any] = TypeAdapter(Outcome)


def stroops(amount: Decimal) -> Stroops:
    """Read a `NUMERIC(20,7)`; exact, since the column holds no finer value."""
    return Stroops(int(amount * STROOPS_PER_CNGN))


def numeric(amount: Stroops) -> Decimal:
    """Write stroops as `NUMERIC(20,7)`."""
    return Decimal(amount) / STROOPS_PER_CNGN


def order_row(
    transaction: TransactionRow, bill: BillPaymentRow, price: OrderPriceRow | None = None
) -> OrderRow:
    """Read an order as its rows say it; the third is there only where its price fell since."""
    package = (bill.verification_data or {}).get("current_package")
    return OrderRow(
        transaction_id=transaction.transaction_id,
        wallet_address=transaction.wallet_address,
        bill_type=bill.bill_type,
        account_number=bill.account_number,
        requested_provider=bill.requested_provider_name or bill.provider_name,
        due=stroops(transaction.cngn_amount),
        metadata=transaction.details,
        status=BillStatus(bill.status),
        created_at=bill.created_at,
        expires_at=bill.expires_at,
        price=Kobo(price.price_kobo) if price else None,
        current_package=str(package) if package else None,
    )


def deposit(row: DepositRow) -> Deposit:
    """Read a deposit."""
    return Deposit(
        credit=Credit(
            operation_id=row.operation_id,
            paging_token=row.paging_token,
            transaction_hash=row.transaction_hash,
            ledger=row.ledger,
            closed_at=row.closed_at,
            payer=row.payer,
            amount=stroops(row.amount),
            memo=row.memo,
            memo_type=row.memo_type,
            alias=None if row.alias is None else int(row.alias),
        ),
        transaction_id=row.transaction_id,
        stray_reason=StrayReason(row.stray_reason) if row.stray_reason else None,
        disposition=Disposition(row.disposition),
    )


def attempt(row: AttemptRow) -> Attempt:
    """Read an attempt."""
    return Attempt(
        transaction_id=row.transaction_id,
        number=row.number,
        provider=ProviderName(row.provider),
        request_id=row.request_id,
        opened_at=row.opened_at,
        sent_at=row.sent_at,
        first_denied_at=row.first_denied_at,
        outcome=_OUTCOMES.validate_python(row.outcome) if row.outcome else None,
    )


def set_outcome(row: AttemptRow, outcome: Outcome, now: datetime) -> None:
    """Write an outcome; a certain one settles the attempt."""
    row.outcome, row.outcome_kind = _OUTCOMES.dump_python(outcome, mode="json"), outcome.kind
    row.settled_at = now if isinstance(outcome, Settled) else None


def refund(row: RefundRow) -> Refund:
    """Read a refund."""
    return Refund(
        refund_id=row.refund_id,
        operation_id=row.operation_id,
        transaction_id=row.transaction_id,
        purpose=RefundPurpose(row.purpose),
        destination=row.destination,
        amount=stroops(row.amount),
        reason=row.reason,
        deposit_hash=row.deposit_hash,
        status=RefundStatus(row.status),
        held_reason=row.held_reason,
        memo=row.memo,
        memo_type=MemoKind(row.memo_type) if row.memo_type else None,
        is_approved=row.approved_at is not None,
    )


def envelope(row: RefundEnvelopeRow) -> RefundEnvelope:
    """Read a signed refund transaction."""
    return RefundEnvelope(
        transaction_hash=row.transaction_hash,
        refund_id=row.refund_id,
        source_account=row.source_account,
        sequence=row.sequence,
        envelope_xdr=row.envelope_xdr,
        valid_until=row.valid_until,
        state=EnvelopeState(row.state),
        kind=EnvelopeKind(row.kind),
        balance_id=row.balance_id,
        reclaimable_at=row.reclaimable_at,
        applied_hash=row.applied_hash,
        refused=tuple((row.result_codes or "").split()),
    )

"""Orders and refunds for the notification tests, each with one good default to vary."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from textwrap import dedent
from uuid import UUID

import pytest

from billpay.domain.money import Stroops, cngn
from billpay.domain.orders import OrderRow
from billpay.domain.refunds import Refund, RefundPurpose, RefundStatus
from billpay.domain.statuses import BillStatus
from billpay.notifications.bill import Bill, bill_of
from billpay.notifications.wording import Text

PLACED = datetime(2026, 3, 2, 9, tzinfo=UTC)


def reads(text: Text, subject: str, body: str) -> bool:
    assert text.subject == subject
    assert text.body == dedent(body).strip()
    return True


@pytest.fixture(scope="session")
def row() -> Callable[..., OrderRow]:
    """Make an order's rows: 5,030 cNGN for a prepaid meter of EKEDC, unless told otherwise."""

    def make(
        bill_type: str = "electricity",
        account: str = "1234567890",
        due: str = "5030",
        status: BillStatus = BillStatus.COMPLETED,
        **metadata: str,
    ) -> OrderRow:
        return OrderRow(
            transaction_id=UUID("01234567-89ab-4def-8123-456789abcdef"),
            wallet_address="the customer's wallet",
            bill_type=bill_type,
            account_number=account,
            requested_provider="vtpass",
            due=cngn(due),
            metadata=({"provider_code": "ekedc"} if bill_type == "electricity" else {}) | metadata,
            status=status,
            created_at=PLACED,
            expires_at=PLACED + timedelta(hours=1),
        )

    return make


@pytest.fixture(scope="session")
def bill(row) -> Callable[..., Bill]:
    """Make the bill that such rows describe."""
    return lambda *facts, **more: bill_of(row(*facts, **more))


@pytest.fixture(scope="session")
def refund() -> Callable[..., Refund]:
    """Make a refund of this many cNGN for this reason."""

    def make(amount: str, reason: str, purpose: RefundPurpose = RefundPurpose.WHOLE) -> Refund:
        return Refund(
            refund_id=f"refund-1-{purpose}",
            operation_id="1",
            transaction_id=None,
            purpose=purpose,
            destination="the payer's wallet",
            amount=Stroops(cngn(amount)),
            reason=reason,
            deposit_hash="00" * 32,
            status=RefundStatus.PAID,
        )

    return make

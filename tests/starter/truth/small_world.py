"""A small world in which everything is true, to be falsified one value at a time."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID

from billpay.domain.deposits import Credit, Deposit, DepositPolicy, Disposition, StrayReason
from billpay.domain.money import Stroops, cngn, naira
from billpay.domain.refunds import Refund, RefundPurpose, RefundStatus
from billpay.domain.statuses import BillStatus
from billpay.domain.tokens import Token, spoken_token
from billpay.sandbox.identities import issuer, payer, treasury
from starter.truth.books import (
    Books,
    Movement,
    OrderRecord,
    Records,
    RefundRecord,
    Sale,
    Told,
    World,
)
from starter.truth.rules import RULES

ASSET = ("cNGN", issuer().public_key)
TREASURY, ADA, BAYO = treasury().public_key, payer(1).public_key, payer(2).public_key
DUST, LEFT = cngn("1"), cngn("5631.25")

LIGHT, CALLS, EXTRA = UUID(int=1), UUID(int=2), UUID(int=3)
"""Orders: electricity that was delivered, airtime that was refunded, airtime that was paid for with too much."""

TOKEN, OTHER_TOKEN = Token("01234567890123456789"), Token("98765432109876543210")


def order(transaction_id, status, *, bill="500", due="500", requests=(), tokens=()):
    return OrderRecord(
        transaction_id=transaction_id,
        title=f"order {transaction_id.int}",
        account_number=f"account {transaction_id.int}",
        due=cngn(due),
        bill_amount=naira(bill),
        status=status,
        request_ids=frozenset(requests),
        tokens=tuple(tokens),
    )


def deposit(operation_id, amount, disposition, *, claims=None, stray=None):
    return Deposit(
        credit=Credit(
            operation_id=operation_id,
            paging_token=operation_id,
            transaction_hash=f"hash {operation_id}",
            ledger=7,
            closed_at=datetime(2026, 11, 23, tzinfo=UTC),
            payer=ADA,
            amount=cngn(amount),
            memo=None,
            memo_type="none",
        ),
        transaction_id=claims,
        stray_reason=stray,
        disposition=disposition,
    )


def refund(operation_id, amount, purpose, status=RefundStatus.PAID):
    row = Refund(
        refund_id=f"refund-{operation_id}-{purpose}",
        operation_id=operation_id,
        transaction_id=None,
        purpose=purpose,
        destination=ADA,
        amount=cngn(amount),
        reason="as it is",
        deposit_hash=f"hash {operation_id}",
        status=status,
    )
    return RefundRecord(
        refund=row,
        paid_in=f"hash {row.refund_id}" if status is RefundStatus.PAID else None,
    )


def moved(operation_id, source, destination, amount, *, transaction_hash=None, asset=ASSET):
    return Movement.model_validate(
        {
            "operation_id": operation_id,
            "transaction_hash": transaction_hash or f"hash {operation_id}",
            "from": source,
            "to": destination,
            "asset_code": asset[0],
            "asset_issuer": asset[1],
            "amount_stroops": cngn(amount),
        }
    )


def sale(request_id, account, amount, *, happened="sold", tokens=()):
    return Sale.model_validate(
        {
            "request_id": request_id,
            "account": account,
            "amount_kobo": naira(amount),
            "happened": happened,
            "tokens": list(tokens),
            "pay_calls": 1,
            "requeries": 0,
        }
    )


def told(transaction_id, body="It went as it went."):
    return Told(message_id="m", transaction_id=transaction_id, subject="Your bill", body=body)


@dataclass
class Both:
    """Both sides, to be falsified one value at a time; as they are here, they agree."""

    balance: Stroops = LEFT
    policy: DepositPolicy = field(default_factory=lambda: DepositPolicy(dust=DUST))
    sales: list[Sale] = field(
        default_factory=lambda: [
            sale("light-1", "account 1", "5000", tokens=[TOKEN]),
            sale("calls-1", "account 2", "500", happened="failed"),
            sale("extra-1", "account 3", "500"),
            sale("", "account 9", "1", happened="never_created"),
        ]
    )
    movements: list[Movement] = field(
        default_factory=lambda: [
            moved("genesis", issuer().public_key, ADA, "10000000"),
            moved("in-1", ADA, TREASURY, "5030.5"),
            moved("in-2", ADA, TREASURY, "500"),
            moved("in-3", ADA, TREASURY, "750"),
            moved("in-4", ADA, TREASURY, "40"),
            moved("in-5", ADA, TREASURY, "100"),
            moved("look-alike", BAYO, TREASURY, "9000", asset=("cNGN", BAYO)),
            moved("lumens", BAYO, TREASURY, "9000", asset=(None, None)),
            moved("out-2", TREASURY, ADA, "500", transaction_hash="hash refund-in-2-whole"),
            moved("out-3", TREASURY, ADA, "250", transaction_hash="hash refund-in-3-excess"),
            moved("out-4", TREASURY, ADA, "40", transaction_hash="hash refund-in-4-whole"),
            moved("in-dust", ADA, TREASURY, "0.75"),
        ]
    )
    messages: list[Told] = field(
        default_factory=lambda: [
            told(LIGHT, f"Token: {spoken_token(TOKEN)}"),
            told(CALLS),
            told(EXTRA),
            told(None),
        ]
    )
    orders: list[OrderRecord] = field(
        default_factory=lambda: [
            order(
                LIGHT,
                BillStatus.COMPLETED,
                bill="5000",
                due="5030",
                requests=["light-1"],
                tokens=[TOKEN],
            ),
            order(CALLS, BillStatus.REFUNDED, requests=["calls-1"]),
            order(EXTRA, BillStatus.COMPLETED, requests=["extra-1"]),
        ]
    )
    deposits: list[Deposit] = field(
        default_factory=lambda: [
            deposit("in-1", "5030.5", Disposition.DELIVERED, claims=LIGHT),
            deposit("in-2", "500", Disposition.REFUNDED, claims=CALLS),
            deposit("in-3", "750", Disposition.DELIVERED, claims=EXTRA),
            deposit("in-4", "40", Disposition.REFUNDED, stray=StrayReason.NO_MEMO),
            deposit("in-5", "100", Disposition.HELD, claims=LIGHT, stray=StrayReason.DUPLICATE),
            deposit("in-dust", "0.75", Disposition.KEPT, stray=StrayReason.DUST),
        ]
    )
    refunds: list[RefundRecord] = field(
        default_factory=lambda: [
            refund("in-2", "500", RefundPurpose.WHOLE),
            refund("in-3", "250", RefundPurpose.EXCESS),
            refund("in-4", "40", RefundPurpose.WHOLE),
            refund("in-5", "100", RefundPurpose.WHOLE, RefundStatus.HELD),
        ]
    )

    def books(self):
        world = World(
            treasury=TREASURY,
            asset=ASSET,
            balance=self.balance,
            sales=self.sales,
            movements=self.movements,
            told=self.messages,
        )
        records = Records(orders=self.orders, deposits=self.deposits, refunds=self.refunds)
        return Books(world, records, self.policy)

    def invariants(self):
        """Which invariants the rules see broken."""
        return {found.invariant for rule in RULES for found in rule(self.books())}


def falsify(rows, index, **values):
    """Replace one row by a copy with other values."""
    row = rows[index]
    rows[index] = (
        row.model_copy(update=values) if hasattr(row, "model_copy") else replace(row, **values)
    )

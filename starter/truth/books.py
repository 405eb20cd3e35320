"""Both sides of the comparison as typed values: what really happened, and what our records say."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from stellar_sdk import MuxedAccount

from billpay.domain.deposits import Deposit, DepositPolicy, ExcessPolicy
from billpay.domain.money import Kobo, Stroops
from billpay.domain.refunds import Refund, RefundPurpose
from billpay.domain.statuses import BillStatus
from billpay.domain.tokens import Token

_BALANCE = "B"
"""How the address of a claimable balance begins."""


def account_of(address: str) -> str:
    """Answer whose account a multiplexed address is; any other address is itself."""
    return MuxedAccount.from_account(address).account_id if address.startswith("M") else address


class Sale(BaseModel):
    """What became of one request id at one provider, whatever it has answered."""

    model_config = ConfigDict(frozen=True)

    request_id: str
    account: str
    amount: Kobo | None = Field(alias="amount_kobo")
    happened: Literal["pending", "sold", "failed", "never_created", "refused"]
    tokens: tuple[Token, ...] = Field(repr=False)
    """The one that was paid for first."""

    pay_calls: int
    """How often the provider heard it."""

    requeries: int
    """How often the provider was asked what became of it."""

    @property
    def may_be_sold(self) -> bool:
        """Whether it is sold or may still become so."""
        return self.happened in ("sold", "pending")


class Movement(BaseModel):
    """One payment that the ledger has applied."""

    model_config = ConfigDict(frozen=True)

    operation_id: str
    transaction_hash: str
    source: str = Field(alias="from")
    destination: str = Field(alias="to")
    asset_code: str | None
    asset_issuer: str | None
    amount: Stroops = Field(alias="amount_stroops")


class Told(BaseModel):
    """One message on the customers' phone."""

    model_config = ConfigDict(frozen=True)

    message_id: str
    transaction_id: UUID | None
    subject: str
    body: str = Field(repr=False)


@dataclass(frozen=True, kw_only=True)
class World:
    """What really happened."""

    treasury: str
    asset: tuple[str, str]
    """Code and issuer of the real cNGN."""

    balance: Stroops
    """What the treasury holds of it."""

    sales: Sequence[Sale]
    """At every provider that sells."""

    movements: Sequence[Movement]
    told: Sequence[Told]

    def credits(self) -> Sequence[Movement]:
        """Everything that came to the treasury in real cNGN; what it takes back from a balance of its own is none."""
        return [
            movement
            for movement in self.movements
            if self._is_real(movement)
            and self._is_treasury(movement.destination)
            and not movement.source.startswith(_BALANCE)
        ]

    def debits(self) -> Sequence[Movement]:
        """Everything that left the treasury in real cNGN."""
        return [m for m in self.movements if self._is_real(m) and self._is_treasury(m.source)]

    def _is_real(self, movement: Movement) -> bool:
        return (movement.asset_code, movement.asset_issuer) == self.asset

    def _is_treasury(self, address: str) -> bool:
        return account_of(address) == self.treasury


@dataclass(frozen=True, kw_only=True)
class OrderRecord:
    """What our records say of one order."""

    transaction_id: UUID
    title: str
    account_number: str
    due: Stroops
    bill_amount: Kobo
    """Zero where the order cannot be read, so that nothing may have been sold of it."""

    status: BillStatus
    request_ids: frozenset[str]
    """One for each attempt."""

    tokens: tuple[Token, ...] = field(repr=False)
    """As kept: the one that was paid for first."""


@dataclass(frozen=True, kw_only=True)
class RefundRecord:
    """What our records say of one refund."""

    refund: Refund
    paid_in: str | None
    """Hash of the transaction that our records call applied."""


@dataclass(frozen=True, kw_only=True)
class Records:
    """Everything our records say."""

    orders: Sequence[OrderRecord]
    deposits: Sequence[Deposit]
    refunds: Sequence[RefundRecord]


class Books:
    """Both sides, joined once, so that each rule is a few lines."""

    def __init__(self, world: World, records: Records, policy: DepositPolicy) -> None:
        self.world = world
        self.records = records
        self.dust = policy.dust
        """The most that may be kept of a deposit without a word."""

        self.keeps_excess = policy.over is ExcessPolicy.KEEP
        """Whether more than dust may be kept of a deposit that was spent."""

        self.settling: dict[str, list[Movement]] = defaultdict(list)
        """The payments that really settled a refund, by its id."""

        self.unexplained: list[Movement] = []
        """The treasury's payments that no refund of ours accounts for."""

        owners = {r.paid_in: r.refund.refund_id for r in records.refunds if r.paid_in}
        for movement in world.debits():
            owner = owners.get(movement.transaction_hash)
            (self.settling[owner] if owner else self.unexplained).append(movement)
        self._sales: dict[str, list[Sale]] = defaultdict(list)
        for sale in filter(lambda sale: sale.may_be_sold, world.sales):
            # Two providers may have sold under one id, which must not pass for one sale.
            self._sales[sale.request_id].append(sale)
        self._claims = {d.transaction_id: d for d in records.deposits if d.stray_reason is None}
        self._orders = {order.transaction_id: order for order in records.orders}
        self._refunds: dict[str, list[RefundRecord]] = defaultdict(list)
        for record in records.refunds:
            self._refunds[record.refund.operation_id].append(record)

    def sales_of(self, order: OrderRecord) -> Sequence[Sale]:
        """Everything that any provider sold of an order, or may still sell."""
        names = sorted(order.request_ids & self._sales.keys())
        return [sale for name in names for sale in self._sales[name]]

    def claim_of(self, order: OrderRecord) -> Deposit | None:
        """The deposit that pays an order."""
        return self._claims.get(order.transaction_id)

    def order_of(self, deposit: Deposit) -> OrderRecord | None:
        """The order that a deposit pays; None for a stray one."""
        if deposit.stray_reason is not None or deposit.transaction_id is None:
            return None
        return self._orders.get(deposit.transaction_id)

    def refunds_of(self, deposit: Deposit) -> Sequence[RefundRecord]:
        """The refunds of one deposit."""
        return self._refunds.get(deposit.credit.operation_id, [])

    def returned(self, deposit: Deposit | None, *purposes: RefundPurpose) -> Stroops:
        """What the ledger really sent back of a deposit, for these purposes."""
        refunds = self.refunds_of(deposit) if deposit else []
        wanted = [r.refund.refund_id for r in refunds if r.refund.purpose in purposes]
        return Stroops(sum(m.amount for name in wanted for m in self.settling[name]))

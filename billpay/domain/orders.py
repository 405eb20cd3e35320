"""The customer's instruction: this product, this account, this amount; exists before any money moves.

Orders come from our own command and from plain SQL alike, so what the row says is read here, once, strictly.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from billpay.domain.bills import BillerCode, BillType, MeterType, find_biller
from billpay.domain.ids import alias_of, memo_of
from billpay.domain.money import Kobo, Stroops, in_kobo, in_stroops, naira, spoken_naira
from billpay.domain.phones import canonical_phone, network_hint
from billpay.domain.statuses import BillStatus
from billpay.failures import Invalid

ELECTRICITY_FEE = Kobo(3_000)
"""Our fee on an electricity bill: 30 naira on top of it; the other bill types carry none."""

_ACCOUNT_DIGITS = range(6, 21)
"""Lengths no meter or smartcard leaves; inside them the provider's verification decides."""

_SANDBOX_PHONE_DIGITS = range(12, 13)
"""A provider's sandbox has 12-digit trigger numbers in the place of phones (adapters refuse them when live)."""


class Order(BaseModel):
    """One bill to pay, read and checked."""

    model_config = ConfigDict(frozen=True)

    transaction_id: UUID
    wallet_address: str
    """The customer's Stellar account as the order names it; a refund goes to whoever paid."""

    bill_type: BillType
    biller: BillerCode
    account_number: str
    """Meter, phone or smartcard."""

    meter_type: MeterType | None = None
    product_code: str | None = None
    """Data plan or TV package by the provider's code; None for open amounts and TV renewals."""

    product_name: str | None = None
    """What the provider that was chosen called it; by name and price another one finds the same."""

    due: Stroops
    """What the customer must send."""

    bill_amount: Kobo
    """What the provider is to be paid: due minus our fee."""

    price_fell_by: Kobo = Kobo(0)
    """How much more the bill was when ordered, where its price fell since and the lower one is paid."""

    contact_phone: str
    requested_provider: str
    status: BillStatus
    created_at: datetime
    expires_at: datetime

    @property
    def memo(self) -> str:
        """The memo the customer's payment must carry."""
        return memo_of(self.transaction_id)

    @property
    def alias(self) -> int:
        """The number that names it to payers who cannot send text."""
        return alias_of(self.transaction_id)

    @property
    def ordered_amount(self) -> Kobo:
        """What the provider was to be paid when ordered."""
        return Kobo(self.bill_amount + self.price_fell_by)

    @property
    def wants_token(self) -> bool:
        """Whether delivery means a token: prepaid electricity only."""
        return self.meter_type is MeterType.PREPAID

    @property
    def is_renewal(self) -> bool:
        """Whether a TV subscription is renewed as it stands."""
        return self.bill_type is BillType.CABLE_TV and self.product_code is None


class OrderRow(BaseModel):
    """An order as the two rows of the database say it, before anything is believed."""

    model_config = ConfigDict(frozen=True)

    transaction_id: UUID
    wallet_address: str
    bill_type: str
    account_number: str
    requested_provider: str
    due: Stroops
    metadata: Mapping[str, Any]
    status: BillStatus
    created_at: datetime
    expires_at: datetime
    price: Kobo | None = None
    """What the bill costs now, where its price fell since the order and is paid."""

    current_package: str | None = None
    """The TV account's running bouquet, where the provider named it."""

    @property
    def alias(self) -> int:
        """The number that names it to payers who cannot send text."""
        return alias_of(self.transaction_id)


def fee_of(bill_type: BillType) -> Kobo:
    """Answer our fee on one bill of this type."""
    return ELECTRICITY_FEE if bill_type is BillType.ELECTRICITY else Kobo(0)


def due_for(bill_type: BillType, bill_amount: Kobo) -> Stroops:
    """Answer what a customer must send for a bill of this amount."""
    return in_stroops(Kobo(bill_amount + fee_of(bill_type)))


def read_order(row: OrderRow) -> Order:
    """Turn database rows into an order.

    Raises:
        Invalid: the order can never be served as written; says which field and why.
    """
    try:
        bill_type = BillType(row.bill_type)
    except ValueError:
        raise Invalid(f"bill type {row.bill_type!r} is none we sell") from None
    account_number = read_account_number(bill_type, row.account_number)
    ordered = _read_bill_amount(bill_type, row)
    fell_by = Kobo(0 if row.price is None else ordered - row.price)
    biller_text = _text(row.metadata, "provider_code") or network_hint(account_number) or ""
    return Order(
        transaction_id=row.transaction_id,
        wallet_address=row.wallet_address,
        bill_type=bill_type,
        biller=find_biller(biller_text, bill_type).code,
        account_number=account_number,
        meter_type=_read_meter_type(bill_type, row.metadata),
        product_code=_read_product_code(bill_type, row.metadata),
        product_name=_text(row.metadata, "product_name"),
        due=Stroops(row.due - in_stroops(fell_by)),
        bill_amount=Kobo(ordered - fell_by),
        price_fell_by=fell_by,
        contact_phone=_read_contact_phone(account_number, row.metadata),
        requested_provider=row.requested_provider,
        status=row.status,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )


def read_account_number(bill_type: BillType, text: str) -> str:
    """Bring an account number into the form providers take, refusing only what cannot be one.

    Raises:
        Invalid: a phone that is no Nigerian mobile number, or a meter or smartcard that is not 6 to 20 digits.
    """
    number = text.strip()
    if bill_type in (BillType.AIRTIME, BillType.DATA):
        phone = canonical_phone(number)
        if phone or _is_number(number, _SANDBOX_PHONE_DIGITS):
            return phone or number
        raise Invalid(f"{number!r} is no phone number", customer="This is no valid phone number.")
    if _is_number(number, _ACCOUNT_DIGITS):
        return number
    raise Invalid(
        f"{number!r} is no meter or smartcard number",
        customer="This is no valid meter or smartcard number.",
    )


def _is_number(text: str, lengths: range) -> bool:
    return text.isascii() and text.isdigit() and len(text) in lengths


def _text(metadata: Mapping[str, Any], *names: str) -> str | None:
    """The first of these fields that holds something, as text."""
    return next((str(metadata[name]).strip() for name in names if metadata.get(name)), None)


def _read_meter_type(bill_type: BillType, metadata: Mapping[str, Any]) -> MeterType | None:
    if bill_type is not BillType.ELECTRICITY:
        return None
    text = _text(metadata, "account_type", "meter_type") or MeterType.PREPAID
    try:
        return MeterType(text.lower())
    except ValueError:
        raise Invalid(f"meter type {text!r} is neither prepaid nor postpaid") from None


def _read_product_code(bill_type: BillType, metadata: Mapping[str, Any]) -> str | None:
    code = _text(metadata, "product_code", "variation_code", "plan", "package")
    if bill_type is BillType.DATA and code is None:
        raise Invalid("a data order names no plan (metadata.product_code)")
    return code if bill_type in (BillType.DATA, BillType.CABLE_TV) else None


def _read_bill_amount(bill_type: BillType, row: OrderRow) -> Kobo:
    explicit = _text(row.metadata, "amount_ngn")
    try:
        amount = naira(explicit) if explicit else Kobo(in_kobo(row.due) - fee_of(bill_type))
    except ValueError as reason:
        raise Invalid(f"the bill amount cannot be read: {reason}") from None
    if amount <= 0:
        raise Invalid(f"nothing is left to pay the bill with: {spoken_naira(amount)}")
    if in_stroops(amount) > row.due:
        raise Invalid(f"the bill of {spoken_naira(amount)} is more than what is due for it")
    return amount


def _read_contact_phone(account_number: str, metadata: Mapping[str, Any]) -> str:
    return canonical_phone(_text(metadata, "phone") or "") or canonical_phone(account_number) or ""

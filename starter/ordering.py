"""Reading an order as a person types it; what can never be served is refused here, before anything is stored."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass

from stellar_sdk import StrKey

from billpay.domain.bills import Biller, BillType, MeterType, find_biller
from billpay.domain.money import Kobo, naira, spoken_naira
from billpay.domain.orders import read_account_number
from billpay.domain.phones import canonical_phone, network_hint
from billpay.domain.routing import ProviderName
from billpay.failures import Invalid
from billpay.store.orders import NewOrder

LIMITS: Mapping[BillType, tuple[Kobo, Kobo]] = {
    BillType.ELECTRICITY: (Kobo(500_00), Kobo(500_000_00)),
    BillType.AIRTIME: (Kobo(50_00), Kobo(50_000_00)),
    BillType.CABLE_TV: (Kobo(100_00), Kobo(500_000_00)),
}
"""Least and most of a bill whose amount the customer chooses. The widest that any provider takes: inside them the
provider decides, outside them the money would only travel here and back."""

UNPRICED = Kobo(0)
"""The amount of an order whose price is not known yet."""


@dataclass(frozen=True)
class Typed:
    """An order in a person's words, nothing of it believed yet."""

    bill_type: BillType
    wallet: str
    account: str
    biller: str | None
    """A disco, network or TV company; may be left out where a phone number hints at its network."""

    _: KW_ONLY
    meter_type: str | None = None
    product: str | None = None
    amount: str | None = None
    contact_phone: str | None = None
    provider: str | None = None


def read_typed(typed: Typed) -> NewOrder:
    """Turn a person's words into an order; where a product has a price, that is still to be asked for.

    Raises:
        Invalid: it could never be served; says which word and why.
    """
    account = read_account_number(typed.bill_type, typed.account)
    return NewOrder(
        wallet_address=_read_wallet(typed.wallet),
        bill_type=typed.bill_type,
        biller=_read_biller(typed, account).code,
        account_number=account,
        bill_amount=_read_amount(typed.bill_type, typed.amount) if typed.amount else UNPRICED,
        meter_type=_read_meter_type(typed),
        product_code=typed.product,
        contact_phone=_read_contact_phone(typed.contact_phone),
        provider=_read_provider(typed.provider),
    )


def _read_wallet(text: str) -> str:
    wallet = text.strip()
    if StrKey.is_valid_ed25519_public_key(wallet) or StrKey.is_valid_med25519_public_key(wallet):
        return wallet
    if wallet.upper().startswith("S"):
        # Never repeated: it is shown where many may read it.
        raise Invalid("a wallet's address begins with G; what was given looks like its secret")
    raise Invalid(
        f"{wallet!r} is no Stellar wallet: an address begins with G and has 56 characters"
    )


def _read_biller(typed: Typed, account: str) -> Biller:
    text = typed.biller or network_hint(account)
    if text is None:
        raise Invalid(f"the network of {account} is not known: name it with --network")
    return find_biller(text, typed.bill_type)


def _read_amount(bill_type: BillType, text: str) -> Kobo:
    try:
        amount = naira(text)
    except ValueError as reason:
        raise Invalid(str(reason)) from None
    least, most = LIMITS[bill_type]
    if least <= amount <= most:
        return amount
    words = bill_type.replace("_", " ")
    raise Invalid(
        f"{text} naira is no amount for {words}: {spoken_naira(least)} to {spoken_naira(most)}"
    )


def _read_meter_type(typed: Typed) -> MeterType | None:
    if typed.meter_type is None:
        return None
    try:
        return MeterType(typed.meter_type.strip().lower())
    except ValueError:
        raise Invalid(f"{typed.meter_type!r} is neither prepaid nor postpaid") from None


def _read_contact_phone(text: str | None) -> str | None:
    phone = canonical_phone(text) if text else None
    if text and phone is None:
        raise Invalid(f"{text!r} is no phone number")
    return phone


def _read_provider(text: str | None) -> ProviderName | None:
    try:
        return ProviderName(text.strip().lower()) if text else None
    except ValueError:
        raise Invalid(f"{text!r} is no provider: {', '.join(ProviderName)}") from None

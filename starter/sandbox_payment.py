"""`sandbox-pay`: a customer of the sandbox pays, with a real signed transaction through the sandbox's Horizon."""

from dataclasses import dataclass

from stellar_sdk import (
    Account,
    Asset,
    MuxedAccount,
    StrKey,
    TransactionBuilder,
    TransactionEnvelope,
)

from billpay.domain.ids import MEMO_LIMIT_BYTES
from billpay.domain.money import Stroops, cngn, ledger_amount
from billpay.failures import Invalid, Misconfigured
from billpay.ledger.base import LedgerSource
from billpay.ledger.horizon import Horizon
from billpay.ledger.positions import require_network
from billpay.sandbox import identities
from billpay.settings import Settings

_BASE_FEE_STROOPS = 100
_VALID_SECONDS = 120
_LARGEST_ID = (1 << 64) - 1


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """The ways to name an order, and oneself, without text."""

    memo_id: int | None = None
    """Sent as a memo of the kind `id`."""

    to: str | None = None
    """A multiplexed address of the treasury to pay to."""

    sender_id: int | None = None
    """Pays from the payer's multiplexed address of this id."""


NO_NUMBERS = Numbers()


def read_payment(memo: str, amount: str, payer: int, numbers: Numbers = NO_NUMBERS) -> Stroops:
    """Check what is to be paid and answer it in stroops.

    Raises:
        Invalid: no wallet could make such a payment.
    """
    if len(memo.encode()) > MEMO_LIMIT_BYTES:
        raise Invalid(f"{memo!r} is no memo: a text memo has at most {MEMO_LIMIT_BYTES} bytes")
    if memo and numbers.memo_id is not None:
        raise Invalid("a payment has one memo: text or a number")
    for number in (numbers.memo_id, numbers.sender_id):
        if number is not None and not 0 <= number <= _LARGEST_ID:
            raise Invalid(f"{number} is no id: it has 64 bits")
    if numbers.to is not None and not StrKey.is_valid_med25519_public_key(numbers.to):
        raise Invalid(f"{numbers.to!r} is no multiplexed address: it begins with M")
    if not 1 <= payer <= identities.PAYERS:
        raise Invalid(f"there is no payer {payer}: they are numbered 1 to {identities.PAYERS}")
    try:
        stroops = cngn(amount)
    except ValueError as reason:
        raise Invalid(str(reason)) from None
    if stroops <= 0:
        raise Invalid(f"{amount} cNGN cannot be paid: an amount is above zero")
    return stroops


async def pay_in_sandbox(
    settings: Settings,
    *,
    memo: str,
    amount: Stroops,
    payer: int,
    numbers: Numbers = NO_NUMBERS,
) -> str:
    """Pay the treasury from a customer's wallet; answers the transaction's hash once it is in a ledger.

    Raises:
        Invalid: the address to pay to is not the treasury's.
        Misconfigured: this is not the sandbox, or the ledger refuses the payment.
        Ambiguous: no answer; the payment may have been made.
        Unavailable: the sandbox cannot be reached.
    """
    if not settings.skip_externals:
        raise Misconfigured("SKIP_EXTERNALS is not true: only sandbox money is paid from here")
    horizon = Horizon(
        base_url=settings.required("horizon_url"),
        asset_code=settings.cngn_asset_code,
        asset_issuer=settings.required("cngn_asset_issuer"),
    )
    try:
        await require_network(horizon, identities.NETWORK_PASSPHRASE)
        builder = await _begun(horizon, payer)
        _add_payment(builder, settings, amount, payer, numbers)
        envelope = _signed(builder, memo, payer, numbers.memo_id)
        applied = await horizon.submit(envelope.to_xdr(), envelope.hash_hex())
    finally:
        await horizon.close()
    if not applied.successful:
        raise Misconfigured(f"the ledger refused the payment: {', '.join(applied.result_codes)}")
    return applied.transaction_hash


async def _begun(source: LedgerSource, payer: int) -> TransactionBuilder:
    wallet = identities.payer(payer)
    account = await source.account(wallet.public_key)
    if account is None:
        raise Misconfigured(f"the sandbox has no wallet of payer {payer}")
    return TransactionBuilder(
        Account(wallet.public_key, account.sequence),
        identities.NETWORK_PASSPHRASE,
        base_fee=_BASE_FEE_STROOPS,
    )


def _add_payment(
    builder: TransactionBuilder, settings: Settings, amount: Stroops, payer: int, numbers: Numbers
) -> None:
    treasury = settings.required("system_wallet_address")
    if numbers.to is not None and MuxedAccount.from_account(numbers.to).account_id != treasury:
        raise Invalid(f"{numbers.to} is no address of the treasury {treasury}")
    sender = identities.payer(payer).public_key
    builder.append_payment_op(
        numbers.to or treasury,
        Asset(settings.cngn_asset_code, settings.required("cngn_asset_issuer")),
        ledger_amount(amount),
        None if numbers.sender_id is None else MuxedAccount(sender, numbers.sender_id),
    )


def _signed(
    builder: TransactionBuilder, memo: str, payer: int, memo_id: int | None
) -> TransactionEnvelope:
    if memo:
        builder.add_text_memo(memo)
    if memo_id is not None:
        builder.add_id_memo(memo_id)
    envelope = builder.set_timeout(_VALID_SECONDS).build()
    envelope.sign(identities.payer(payer))
    return envelope

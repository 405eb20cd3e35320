"""`sandbox-pay`: a customer of the sandbox pays, with a real signed transaction through the sandbox's Horizon."""

from stellar_sdk import Account, Asset, TransactionBuilder, TransactionEnvelope

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


def read_payment(memo: str, amount: str, payer: int) -> Stroops:
    """Check what is to be paid and answer it in stroops.

    Raises:
        Invalid: no wallet could make such a payment.
    """
    if len(memo.encode()) > MEMO_LIMIT_BYTES:
        raise Invalid(f"{memo!r} is no memo: a text memo has at most {MEMO_LIMIT_BYTES} bytes")
    if not 1 <= payer <= identities.PAYERS:
        raise Invalid(f"there is no payer {payer}: they are numbered 1 to {identities.PAYERS}")
    try:
        stroops = cngn(amount)
    except ValueError as reason:
        raise Invalid(str(reason)) from None
    if stroops <= 0:
        raise Invalid(f"{amount} cNGN cannot be paid: an amount is above zero")
    return stroops


async def pay_in_sandbox(settings: Settings, *, memo: str, amount: Stroops, payer: int) -> str:
    """Pay the treasury from a customer's wallet; answers the transaction's hash once it is in a ledger.

    Raises:
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
        envelope = await _signed(horizon, settings, memo=memo, amount=amount, payer=payer)
        applied = await horizon.submit(envelope.to_xdr(), envelope.hash_hex())
    finally:
        await horizon.close()
    if not applied.successful:
        raise Misconfigured(f"the ledger refused the payment: {', '.join(applied.result_codes)}")
    return applied.transaction_hash


async def _signed(
    source: LedgerSource, settings: Settings, *, memo: str, amount: Stroops, payer: int
) -> TransactionEnvelope:
    wallet = identities.payer(payer)
    account = await source.account(wallet.public_key)
    if account is None:
        raise Misconfigured(f"the sandbox has no wallet of payer {payer}")
    builder = TransactionBuilder(
        Account(wallet.public_key, account.sequence),
        identities.NETWORK_PASSPHRASE,
        base_fee=_BASE_FEE_STROOPS,
    )
    builder.append_payment_op(
        settings.required("system_wallet_address"),
        Asset(settings.cngn_asset_code, settings.required("cngn_asset_issuer")),
        ledger_amount(amount),
    )
    if memo:
        builder.add_text_memo(memo)
    envelope = builder.set_timeout(_VALID_SECONDS).build()
    envelope.sign(wallet)
    return envelope

"""Operations that move money: payments, payments by a path, new accounts and merged ones.

A path is worth what it says: one unit of any asset changes into one of any other. Checks come in core's order, the
destination's before the source's (stellar/stellar-core, PaymentOpFrame and PathPaymentStrictReceiveOpFrame).
"""

from dataclasses import dataclass
from typing import Any

from stellar_sdk import xdr

from billpay.sandbox.ledger_codes import Refused
from billpay.sandbox.ledger_entries import (
    LIMIT_MAX,
    XLM,
    Account,
    Draft,
    TrustLine,
    reserve_of,
)
from billpay.sandbox.ledger_envelopes import Party, address_of, asset_name, party_of


@dataclass(frozen=True)
class _Move:
    """What one payment takes and gives."""

    sender: str
    receiver: Party
    sent_asset: str
    sent: int
    received_asset: str
    received: int


def check_amounts(body: xdr.OperationBody) -> None:
    """Refuse what no ledger would even look at: amounts that are not positive, assets that cannot exist."""
    try:
        is_sound = _is_sound(body)
    except ValueError:
        is_sound = False
    if not is_sound:
        raise Refused("MALFORMED")


def _is_sound(body: xdr.OperationBody) -> bool:
    if body.payment_op:
        return bool(asset_name(body.payment_op.asset)) and body.payment_op.amount.int64 > 0
    if body.create_account_op:
        return body.create_account_op.starting_balance.int64 >= 0
    if body.clawback_op:
        return bool(asset_name(body.clawback_op.asset)) and body.clawback_op.amount.int64 > 0
    if body.set_trust_line_flags_op:
        return bool(asset_name(body.set_trust_line_flags_op.asset))
    if body.path_payment_strict_receive_op:
        received = body.path_payment_strict_receive_op
        assets = [received.send_asset, received.dest_asset, *received.path]
        amounts = [received.send_max.int64, received.dest_amount.int64]
    elif body.path_payment_strict_send_op:
        sent = body.path_payment_strict_send_op
        assets = [sent.send_asset, sent.dest_asset, *sent.path]
        amounts = [sent.send_amount.int64, sent.dest_min.int64]
    else:
        return True
    return all(map(asset_name, assets)) and min(amounts) > 0


def pay(draft: Draft, source: str, operation: xdr.PaymentOp) -> None:
    """Move an amount of one asset."""
    asset, amount = asset_name(operation.asset), operation.amount.int64
    _move(draft, _Move(source, party_of(operation.destination), asset, amount, asset, amount))


def pay_exactly(
    draft: Draft, source: str, operation: xdr.PathPaymentStrictReceiveOp
) -> xdr.PathPaymentStrictReceiveResultSuccess:
    """Let the destination receive an amount, and take as much of the other asset."""
    amount = operation.dest_amount.int64
    move = _Move(
        source,
        party_of(operation.destination),
        asset_name(operation.send_asset),
        amount,
        asset_name(operation.dest_asset),
        amount,
    )
    _move(draft, move, refusal="OVER_SENDMAX" if amount > operation.send_max.int64 else None)
    return xdr.PathPaymentStrictReceiveResultSuccess([], _told(operation, amount))


def send_exactly(
    draft: Draft, source: str, operation: xdr.PathPaymentStrictSendOp
) -> xdr.PathPaymentStrictSendResultSuccess:
    """Take an amount from the source, and let the destination receive as much of the other asset."""
    amount = operation.send_amount.int64
    move = _Move(
        source,
        party_of(operation.destination),
        asset_name(operation.send_asset),
        amount,
        asset_name(operation.dest_asset),
        amount,
    )
    _move(draft, move, refusal="UNDER_DESTMIN" if amount < operation.dest_min.int64 else None)
    return xdr.PathPaymentStrictSendResultSuccess([], _told(operation, amount))


def create_account(draft: Draft, source: str, operation: xdr.CreateAccountOp) -> None:
    """Open an account with some XLM; its first sequence number follows from the ledger it is opened in."""
    address, amount = address_of(operation.destination), operation.starting_balance.int64
    if draft.find(address) is not None:
        raise Refused("ALREADY_EXIST")
    if amount < reserve_of(0):
        raise Refused("LOW_RESERVE")
    payer = _existing(draft, source)
    if payer.spendable_xlm < amount:
        raise Refused("UNDERFUNDED")
    draft.put(payer.changed(xlm=payer.xlm - amount))
    draft.put(Account(address=address, sequence=draft.ledger << 32, xlm=amount))


def merge_account(draft: Draft, source: str, destination: xdr.MuxedAccount) -> xdr.Int64:
    """Close the source's account and give its XLM to the destination."""
    address = party_of(destination).address
    if address == source:
        raise Refused("MALFORMED")
    heir, closed = draft.find(address), _existing(draft, source)
    if heir is None:
        raise Refused("NO_ACCOUNT")
    if closed.auth_immutable:
        raise Refused("IMMUTABLE_SET")
    if closed.subentries > len(closed.signers):
        raise Refused("HAS_SUB_ENTRIES")
    draft.remove(source)
    draft.put(heir.changed(xlm=heir.xlm + closed.xlm))
    return xdr.Int64(closed.xlm)


def _move(draft: Draft, move: _Move, *, refusal: str | None = None) -> None:
    """Give, then take; `refusal` says what the path would cost too much of, once the destination is fit to receive."""
    if move.sent_asset == move.received_asset == XLM and move.sender == move.receiver.address:
        return
    _give(draft, move.receiver.address, move.received_asset, move.received)
    if refusal is not None:
        raise Refused(refusal)
    _take(draft, move.sender, move.sent_asset, move.sent)


def _give(draft: Draft, address: str, asset: str, amount: int) -> None:
    account = draft.find(address)
    if account is None:
        raise Refused("NO_DESTINATION")
    if asset == XLM:
        if account.xlm + amount > LIMIT_MAX:
            raise Refused("LINE_FULL")
        draft.put(account.changed(xlm=account.xlm + amount))
    elif not _is_issuer(address, asset):
        line = _line(account, asset, missing="NO_TRUST", frozen="NOT_AUTHORIZED")
        if line.room < amount:
            raise Refused("LINE_FULL")
        _put_balance(draft, account, asset, line, line.balance + amount)


def _take(draft: Draft, address: str, asset: str, amount: int) -> None:
    account = _existing(draft, address)
    if asset == XLM:
        if account.spendable_xlm < amount:
            raise Refused("UNDERFUNDED")
        draft.put(account.changed(xlm=account.xlm - amount))
    elif not _is_issuer(address, asset):
        line = _line(account, asset, missing="SRC_NO_TRUST", frozen="SRC_NOT_AUTHORIZED")
        if line.balance < amount:
            raise Refused("UNDERFUNDED")
        _put_balance(draft, account, asset, line, line.balance - amount)


def _line(account: Account, asset: str, *, missing: str, frozen: str) -> TrustLine:
    line = account.trustlines.get(asset)
    if line is None:
        raise Refused(missing)
    if not line.is_authorized:
        raise Refused(frozen)
    return line


def _put_balance(draft: Draft, account: Account, asset: str, line: TrustLine, balance: int) -> None:
    draft.put_trustline(account, asset, line.model_copy(update={"balance": balance}))


def _is_issuer(address: str, asset: str) -> bool:
    return asset.partition(":")[2] == address


def _existing(draft: Draft, address: str) -> Account:
    account = draft.find(address)
    if account is None:
        raise Refused("opNO_ACCOUNT")
    return account


def _told(operation: Any, amount: int) -> xdr.SimplePaymentResult:
    """Tell who received how much at a path's end."""
    destination = xdr.AccountID(
        xdr.PublicKey(
            xdr.PublicKeyType.PUBLIC_KEY_TYPE_ED25519,
            operation.destination.ed25519 or operation.destination.med25519.ed25519,
        )
    )
    return xdr.SimplePaymentResult(destination, operation.dest_asset, xdr.Int64(amount))

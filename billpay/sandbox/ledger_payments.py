"""Operations that move money: payments, payments by a path, new accounts and merged ones.

A path is worth what it says: one unit of any asset changes into one of any other. Checks come in core's order, the
destination's before the source's (stellar/stellar-core, PaymentOpFrame and PathPaymentStrictReceiveOpFrame).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stellar_sdk import xdr

from billpay.sandbox.identities import market
from billpay.sandbox.ledger_claimables import is_sound_claimable
from billpay.sandbox.ledger_codes import Refused
from billpay.sandbox.ledger_draft import Draft
from billpay.sandbox.ledger_entries import (
    LIMIT_MAX,
    XLM,
    Account,
    TrustLine,
    reserve_of,
    transfer_of,
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
    if body.create_claimable_balance_op:
        return is_sound_claimable(body.create_claimable_balance_op)
    if body.create_account_op:
        return body.create_account_op.starting_balance.int64 >= 0
    if body.set_trust_line_flags_op:
        return bool(asset_name(body.set_trust_line_flags_op.asset))
    assets, amounts = _moved_by(body)
    return all(map(asset_name, assets)) and all(amount > 0 for amount in amounts)


def _moved_by(body: xdr.OperationBody) -> tuple[Sequence[xdr.Asset], Sequence[int]]:
    """List the assets and amounts that an operation names."""
    paid = body.payment_op or body.clawback_op
    if paid is not None:
        return [paid.asset], [paid.amount.int64]
    if body.path_payment_strict_receive_op:
        received = body.path_payment_strict_receive_op
        assets = [received.send_asset, received.dest_asset, *received.path]
        return assets, [received.send_max.int64, received.dest_amount.int64]
    if body.path_payment_strict_send_op:
        sent = body.path_payment_strict_send_op
        assets = [sent.send_asset, sent.dest_asset, *sent.path]
        return assets, [sent.send_amount.int64, sent.dest_min.int64]
    return [], []


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
    draft.moved(transfer_of(source, address, XLM, amount))


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
    if closed.sponsored_entries:
        raise Refused("IS_SPONSOR")
    draft.remove(source)
    draft.put(heir.changed(xlm=heir.xlm + closed.xlm))
    draft.moved(transfer_of(source, address, XLM, closed.xlm))
    return xdr.Int64(closed.xlm)


def _move(draft: Draft, move: _Move, *, refusal: str | None = None) -> None:
    """Give, then take; `refusal` says what the path would cost too much of, once the destination is fit to receive."""
    receiver = move.receiver
    if not (move.sent_asset == move.received_asset == XLM and move.sender == receiver.address):
        give(draft, receiver.address, move.received_asset, move.received)
        if refusal is not None:
            raise Refused(refusal)
        take(draft, move.sender, move.sent_asset, move.sent)
    if move.sent_asset != move.received_asset:
        draft.moved(transfer_of(move.sender, market(), move.sent_asset, move.sent))
        draft.moved(transfer_of(market(), move.sender, move.received_asset, move.received))
    arrived = (receiver.address, move.received_asset, move.received, receiver.muxed_id)
    draft.moved(transfer_of(move.sender, *arrived))


def give(draft: Draft, address: str, asset: str, amount: int) -> None:
    """Let an account receive an amount."""
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


def take(draft: Draft, address: str, asset: str, amount: int) -> None:
    """Let an account give an amount."""
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

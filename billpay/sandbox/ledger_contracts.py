"""The two kinds of contract that this ledger knows: an asset's own (SAC), and wallets that hold assets.

An asset's contract moves what the asset holds (`transfer`), if whoever gives has agreed. An account agrees by being the
operation's source. A wallet decides for itself: those of the sandbox obey the relayer they were made with, who pays for
the transaction (CAP-46-06, CAP-46-11). A wallet itself can be told to send several amounts in one call (`send_all`).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from stellar_sdk import Address, Asset, MuxedAccount, StrKey, scval, xdr
from stellar_sdk.xdr import SorobanCredentialsType

from billpay.sandbox.identities import NETWORK_PASSPHRASE
from billpay.sandbox.ledger_codes import Refused
from billpay.sandbox.ledger_draft import Draft
from billpay.sandbox.ledger_entries import XLM, Account, TrustLine, transfer_of
from billpay.sandbox.ledger_envelopes import Party
from billpay.sandbox.ledger_payments import give, take
from billpay.sandbox.ledger_place import Place

TRANSFER = "transfer"
SEND_ALL = "send_all"


@dataclass(frozen=True)
class _Transfer:
    """What a call moves."""

    asset: str
    sender: str
    receiver: Party
    amount: int


@lru_cache(maxsize=256)
def contract_of(asset: str) -> str:
    """Answer the address of an asset's contract on this network."""
    code, _, issuer = asset.partition(":")
    named = Asset.native() if asset == XLM else Asset(code, issuer)
    return named.contract_id(NETWORK_PASSPHRASE)


def call(place: Place, operation: xdr.InvokeHostFunctionOp) -> xdr.Hash:
    """Do what a contract was told to do; whatever goes wrong inside is a trap."""
    invoked = operation.host_function.invoke_contract
    if invoked is None:
        raise Refused("TRAPPED")
    try:
        for transfer in _asked(place, operation, invoked):
            _move(place.draft, transfer)
    except (Refused, ValueError):
        raise Refused("TRAPPED") from None
    return xdr.Hash(hashlib.sha256(invoked.to_xdr_bytes()).digest())


def _asked(
    place: Place, operation: xdr.InvokeHostFunctionOp, invoked: xdr.InvokeContractArgs
) -> Sequence[_Transfer]:
    """Read what is to be moved, all of it agreed to."""
    contract = Address.from_xdr_sc_address(invoked.contract_address).address
    function = invoked.function_name.sc_symbol.decode()
    if function == TRANSFER:
        sender, to, amount = invoked.args
        transfer = _transfer(place.draft, contract, scval.from_address(sender).address, to, amount)
        _require_agreement(place, operation, invoked, transfer.sender)
        return [transfer]
    if function == SEND_ALL and _obeys(place, contract):
        asset, to, amounts = invoked.args
        of_asset = scval.from_address(asset).address
        return [
            _transfer(place.draft, of_asset, contract, to, amount)
            for amount in scval.from_vec(amounts)
        ]
    raise ValueError("not a function of any contract here")


def _transfer(
    draft: Draft, contract: str, sender: str, to: xdr.SCVal, amount: xdr.SCVal
) -> _Transfer:
    receiver, given = _party(scval.from_address(to)), scval.from_int128(amount)
    if not StrKey.is_valid_ed25519_public_key(sender) and not _is_contract(sender):
        raise ValueError("nobody who could give")
    if given <= 0:
        raise ValueError("nothing is given")
    asset = _asset_of(contract, draft, (sender, receiver.address))
    return _Transfer(asset, sender, receiver, given)


def _party(address: Address) -> Party:
    if StrKey.is_valid_med25519_public_key(address.address):
        named = MuxedAccount.from_account(address.address)
        return Party(named.account_id, named.account_muxed, named.account_muxed_id)
    if not StrKey.is_valid_ed25519_public_key(address.address) and not _is_contract(
        address.address
    ):
        raise ValueError("nobody who could receive")
    return Party(address.address)


def _is_contract(address: str) -> bool:
    return StrKey.is_valid_contract(address)


def _asset_of(contract: str, draft: Draft, parties: Sequence[str]) -> str:
    """Find the asset whose contract is meant, among those that one of the parties could hold."""
    known = [draft.find(address) for address in parties]
    held = [asset for account in known if account for asset in account.trustlines]
    for asset in (XLM, *held):
        if contract_of(asset) == contract:
            return asset
    raise ValueError("a contract that nobody knows")


def _require_agreement(
    place: Place,
    operation: xdr.InvokeHostFunctionOp,
    invoked: xdr.InvokeContractArgs,
    sender: str,
) -> None:
    """Make sure that whoever gives has agreed to exactly this call."""
    for entry in operation.auth:
        agreed = entry.root_invocation.function.contract_fn
        if agreed is None or agreed.to_xdr_bytes() != invoked.to_xdr_bytes():
            continue
        if _is_signed_for(place, entry.credentials, sender):
            return
    raise Refused("TRAPPED")


def _is_signed_for(place: Place, credentials: xdr.SorobanCredentials, sender: str) -> bool:
    if credentials.type is SorobanCredentialsType.SOROBAN_CREDENTIALS_SOURCE_ACCOUNT:
        return place.source == sender
    if credentials.address is None:
        return False
    named = Address.from_xdr_sc_address(credentials.address.address).address
    return named == sender and _obeys(place, sender)


def _obeys(place: Place, contract: str) -> bool:
    """Whether a contract is a wallet that does what this transaction's source wants."""
    wallet = place.draft.find(contract) if _is_contract(contract) else None
    return wallet is not None and place.envelope.source.address in wallet.signers


def _move(draft: Draft, transfer: _Transfer) -> None:
    receiver, asset, amount = transfer.receiver, transfer.asset, transfer.amount
    if _is_contract(receiver.address):
        _open_wallet(draft, receiver.address, asset)
    give(draft, receiver.address, asset, amount)
    take(draft, transfer.sender, asset, amount)
    moved = transfer_of(transfer.sender, receiver.address, asset, amount, receiver.muxed_id)
    draft.moved(moved)


def _open_wallet(draft: Draft, address: str, asset: str) -> None:
    """Let a contract hold an asset, which needs nobody's permission."""
    wallet = draft.find(address) or Account(address=address, sequence=0, xlm=0)
    if asset != XLM and asset not in wallet.trustlines:
        draft.put_trustline(wallet, asset, TrustLine())
    elif draft.find(address) is None:
        draft.put(wallet)

"""Entries of the ledger, asked for by key and read from XDR: accounts, what they hold of ours, claimable balances."""

from collections.abc import Mapping, Sequence

from stellar_sdk import Asset, Keypair, StrKey, xdr
from stellar_sdk.xdr import LedgerEntryType

from billpay.domain.money import Stroops
from billpay.failures import Misconfigured, Unavailable
from billpay.ledger.base import ClaimableBalance, LedgerAccount
from billpay.ledger.horizon_records import OurAsset
from billpay.ledger.shapes import Document, UnexpectedShapeError, members, number, text

_AUTHORIZED = 1
_MEMO_REQUIRED = b"config.memo_required"
_MEMO_REQUIRED_YES = b"1"


def account_keys(address: str, asset: OurAsset) -> Sequence[str]:
    """Name an account's own entry, its trustline to our asset and its demand for a memo, for one question.

    Raises:
        Misconfigured: it is no account's address.
    """
    try:
        owner = Keypair.from_public_key(address).xdr_account_id()
    except ValueError as error:
        raise Misconfigured("what is looked up is no account's address") from error
    trusted = Asset(asset.code, asset.issuer).to_trust_line_asset_xdr_object()
    demand = xdr.LedgerKeyData(owner, xdr.String64(_MEMO_REQUIRED))
    keys = [
        xdr.LedgerKey(LedgerEntryType.ACCOUNT, account=xdr.LedgerKeyAccount(owner)),
        xdr.LedgerKey(LedgerEntryType.TRUSTLINE, trust_line=xdr.LedgerKeyTrustLine(owner, trusted)),
        xdr.LedgerKey(LedgerEntryType.DATA, data=demand),
    ]
    return [key.to_xdr() for key in keys]


def balance_key(balance_id: str) -> str:
    """Name a claimable balance's entry.

    Raises:
        Misconfigured: it is no claimable balance's id.
    """
    try:
        named = xdr.ClaimableBalanceID.from_xdr_bytes(bytes.fromhex(balance_id))
    except Exception as error:
        raise Misconfigured("what is looked up is no claimable balance's id") from error
    asked = xdr.LedgerKeyClaimableBalance(named)
    return xdr.LedgerKey(LedgerEntryType.CLAIMABLE_BALANCE, claimable_balance=asked).to_xdr()


def read_account(document: Document, address: str) -> LedgerAccount | None:
    """Read the answer to an account's keys; None where the account is not among the entries.

    Raises:
        Unavailable: it is something else, or in a newer protocol than our XDR.
    """
    entries = _entries(document)
    owner = entries.get(LedgerEntryType.ACCOUNT)
    if owner is None or owner.account is None:
        return None
    trusted, told = entries.get(LedgerEntryType.TRUSTLINE), entries.get(LedgerEntryType.DATA)
    account, line = owner.account, trusted.trust_line if trusted else None
    demand = told.data if told else None
    holding = line.balance.int64 if line else 0
    return LedgerAccount(
        address=address,
        sequence=account.seq_num.sequence_number.int64,
        can_receive=bool(line and line.flags.uint32 & _AUTHORIZED),
        demands_memo=bool(demand and demand.data_value.data_value == _MEMO_REQUIRED_YES),
        balance=Stroops(holding - (_promised(line) if line else 0)),
        holding=Stroops(holding),
        native_balance=Stroops(account.balance.int64),
        as_of_ledger=_as_of(document),
    )


def read_claimable_balance(document: Document, balance_id: str) -> ClaimableBalance | None:
    """Read the answer to a claimable balance's key, and believe it only if it is the one that was meant.

    Raises:
        Unavailable: it is another one, something else, or in a newer protocol than our XDR.
    """
    entry = _entries(document).get(LedgerEntryType.CLAIMABLE_BALANCE)
    found = entry.claimable_balance if entry else None
    if found is None:
        return None
    if found.balance_id.to_xdr_bytes().hex() != balance_id:
        raise Unavailable("Stellar RPC answered with another claimable balance than the one meant")
    try:
        claimants = tuple(_claimant(claimant) for claimant in found.claimants)
    except UnexpectedShapeError as error:
        raise _unbelievable(error) from error
    return ClaimableBalance(
        balance_id=balance_id, amount=Stroops(found.amount.int64), claimants=claimants
    )


def _entries(document: Document) -> Mapping[LedgerEntryType, xdr.LedgerEntryData]:
    """Decode what was found, by kind: one of each was asked for at the most."""
    try:
        found = [_decoded(text(one, "xdr")) for one in _found(document)]
    except UnexpectedShapeError as error:
        raise _unbelievable(error) from error
    return {entry.type: entry for entry in found}


def _found(document: Document) -> Sequence[Document]:
    """List the entries; a server written in Go may say `null` where there is none."""
    if "entries" in document and document["entries"] is None:
        return ()
    return members(document, "entries")


def _decoded(entry_xdr: str) -> xdr.LedgerEntryData:
    try:
        return xdr.LedgerEntryData.from_xdr(entry_xdr)
    except Exception as error:
        raise UnexpectedShapeError("an entry that our XDR cannot read") from error


def _as_of(document: Document) -> int:
    try:
        return number(document, "latestLedger")
    except UnexpectedShapeError as error:
        raise _unbelievable(error) from error


def _promised(line: xdr.TrustLineEntry) -> int:
    """Answer what open offers have promised to others of a holding."""
    return line.ext.v1.liabilities.selling.int64 if line.ext.v1 else 0


def _claimant(claimant: xdr.Claimant) -> str:
    key = claimant.v0.destination.account_id.ed25519 if claimant.v0 else None
    if key is None:
        raise UnexpectedShapeError("a claimant of an unknown kind")
    return StrKey.encode_ed25519_public_key(key.uint256)


def _unbelievable(error: UnexpectedShapeError) -> Unavailable:
    return Unavailable(f"Stellar RPC gave an answer that is no list of entries: {error}")

"""What the ledger holds, as XDR: the entries of accounts, their trustlines and data, and of claimable balances."""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from stellar_sdk import Asset, ClaimPredicate, Keypair, xdr
from stellar_sdk.xdr import LedgerEntryType

from billpay.sandbox.ledger_entries import XLM, Account, Claimable, TrustLine
from billpay.sandbox.ledger_envelopes import address_of, asset_name

_AUTHORIZED, _MAINTAINED, _CLAWBACK = 1, 2, 4
_REQUIRED, _REVOCABLE, _IMMUTABLE, _CLAWBACK_ENABLED = 1, 2, 4, 8
_CLAWBACK_ENABLED_ON_BALANCE = 1

Found = tuple[xdr.LedgerEntryData, int]
"""An entry, and the ledger that changed it last."""


class Entries(Protocol):
    """The ledger as some server tells it."""

    def account(self, address: str) -> Account | None:
        """Look an account up."""
        ...

    def claimable(self, balance_id: str) -> Claimable | None:
        """Look a claimable balance up that nobody has taken."""
        ...


def find_entry(entries: Entries, key: xdr.LedgerKey) -> Found | None:
    """Look an entry up; None for one that is not there, of a kind that is not kept here, or that names nobody."""
    find = _FINDERS.get(key.type)
    try:
        return find(entries, key) if find else None
    except ValueError:
        return None


def _find_account(entries: Entries, key: xdr.LedgerKey) -> Found | None:
    account = entries.account(address_of(_named(key.account).account_id))
    if account is None:
        return None
    return _entry(LedgerEntryType.ACCOUNT, account=_account(account)), account.last_modified_ledger


def _find_trustline(entries: Entries, key: xdr.LedgerKey) -> Found | None:
    asked = _named(key.trust_line)
    account = entries.account(address_of(asked.account_id))
    asset = asset_name(xdr.Asset(asked.asset.type, asked.asset.alpha_num4, asked.asset.alpha_num12))
    line = account.trustlines.get(asset) if account else None
    if line is None:
        return None
    entry = _trustline(asked, line)
    return _entry(LedgerEntryType.TRUSTLINE, trust_line=entry), line.last_modified_ledger


def _find_data(entries: Entries, key: xdr.LedgerKey) -> Found | None:
    asked = _named(key.data)
    account = entries.account(address_of(asked.account_id))
    name = asked.data_name.string64.decode("ascii", "replace")
    value = account.entries.get(name) if account else None
    if account is None or value is None:
        return None
    entry = xdr.DataEntry(
        asked.account_id,
        asked.data_name,
        xdr.DataValue(base64.b64decode(value)),
        xdr.DataEntryExt(0),
    )
    return _entry(LedgerEntryType.DATA, data=entry), account.last_modified_ledger


def _find_claimable(entries: Entries, key: xdr.LedgerKey) -> Found | None:
    balance_id = _named(key.claimable_balance).balance_id
    claimable = entries.claimable(balance_id.to_xdr_bytes().hex())
    if claimable is None:
        return None
    entry = _claimable(balance_id, claimable)
    data = _entry(LedgerEntryType.CLAIMABLE_BALANCE, claimable_balance=entry)
    return data, claimable.last_modified_ledger


_FINDERS: Mapping[LedgerEntryType, Callable[[Entries, xdr.LedgerKey], Found | None]] = {
    LedgerEntryType.ACCOUNT: _find_account,
    LedgerEntryType.TRUSTLINE: _find_trustline,
    LedgerEntryType.DATA: _find_data,
    LedgerEntryType.CLAIMABLE_BALANCE: _find_claimable,
}


def _entry(kind: LedgerEntryType, **arm: Any) -> xdr.LedgerEntryData:
    return xdr.LedgerEntryData(kind, **arm)


def _named(arm: Any) -> Any:
    """Answer the arm that a key's type promises."""
    if arm is None:
        raise ValueError("a ledger key without its arm")
    return arm


def _account(account: Account) -> xdr.AccountEntry:
    flags = {
        _REQUIRED: account.auth_required,
        _REVOCABLE: account.auth_revocable,
        _IMMUTABLE: account.auth_immutable,
        _CLAWBACK_ENABLED: account.auth_clawback_enabled,
    }
    thresholds = bytes(
        [
            account.master_weight,
            account.low_threshold,
            account.medium_threshold,
            account.high_threshold,
        ]
    )
    return xdr.AccountEntry(
        account_id=Keypair.from_public_key(account.address).xdr_account_id(),
        balance=xdr.Int64(account.xlm),
        seq_num=xdr.SequenceNumber(xdr.Int64(account.sequence)),
        num_sub_entries=xdr.Uint32(account.subentries),
        inflation_dest=None,
        flags=xdr.Uint32(sum(flag for flag, is_set in flags.items() if is_set)),
        home_domain=xdr.String32(account.home_domain.encode()),
        thresholds=xdr.Thresholds(thresholds),
        signers=[_signer(key, weight) for key, weight in account.signers.items()],
        ext=xdr.AccountEntryExt(0),
    )


def _signer(key: str, weight: int) -> xdr.Signer:
    raw = xdr.Uint256(Keypair.from_public_key(key).raw_public_key())
    kind = xdr.SignerKeyType.SIGNER_KEY_TYPE_ED25519
    return xdr.Signer(xdr.SignerKey(kind, ed25519=raw), xdr.Uint32(weight))


def _trustline(asked: xdr.LedgerKeyTrustLine, line: TrustLine) -> xdr.TrustLineEntry:
    flags = {
        _AUTHORIZED: line.is_authorized,
        _MAINTAINED: line.is_maintained and not line.is_authorized,
        _CLAWBACK: line.can_be_clawed_back,
    }
    return xdr.TrustLineEntry(
        account_id=asked.account_id,
        asset=asked.asset,
        balance=xdr.Int64(line.balance),
        limit=xdr.Int64(line.limit),
        flags=xdr.Uint32(sum(flag for flag, is_set in flags.items() if is_set)),
        ext=xdr.TrustLineEntryExt(0),
    )


def _claimable(
    balance_id: xdr.ClaimableBalanceID, claimable: Claimable
) -> xdr.ClaimableBalanceEntry:
    code, _, issuer = claimable.asset.partition(":")
    asset = Asset.native() if claimable.asset == XLM else Asset(code, issuer)
    flags = _CLAWBACK_ENABLED_ON_BALANCE if claimable.can_be_clawed_back else 0
    marked = xdr.ClaimableBalanceEntryExtensionV1(
        xdr.ClaimableBalanceEntryExtensionV1Ext(0), xdr.Uint32(flags)
    )
    return xdr.ClaimableBalanceEntry(
        balance_id=balance_id,
        claimants=[
            xdr.Claimant(
                xdr.ClaimantType.CLAIMANT_TYPE_V0,
                xdr.ClaimantV0(
                    Keypair.from_public_key(claimant.address).xdr_account_id(),
                    _predicate(claimant.predicate).to_xdr_object(),
                ),
            )
            for claimant in claimable.claimants
        ],
        asset=asset.to_xdr_object(),
        amount=xdr.Int64(claimable.amount),
        ext=xdr.ClaimableBalanceEntryExt(1, v1=marked),
    )


def _predicate(written: Mapping[str, Any]) -> ClaimPredicate:
    """Read a predicate back from Horizon's words."""
    if "not" in written:
        return ClaimPredicate.predicate_not(_predicate(written["not"]))
    if "abs_before_epoch" in written:
        return ClaimPredicate.predicate_before_absolute_time(int(written["abs_before_epoch"]))
    pair: Sequence[Mapping[str, Any]] | None = written.get("and") or written.get("or")
    if pair is None:
        return ClaimPredicate.predicate_unconditional()
    left, right = map(_predicate, pair)
    join = ClaimPredicate.predicate_and if "and" in written else ClaimPredicate.predicate_or
    return join(left, right)

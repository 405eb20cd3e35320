"""Operations that move nothing: trustlines and their authorisation, data, signers, flags, sequence numbers.

And the issuer's clawback, which takes without asking.
"""

import base64

from stellar_sdk import StrKey, xdr

from billpay.sandbox.ledger_codes import Refused
from billpay.sandbox.ledger_draft import Draft
from billpay.sandbox.ledger_entries import XLM, Account, Movement, MovementKind, TrustLine
from billpay.sandbox.ledger_envelopes import address_of, asset_name, party_of

_AUTHORIZED, _MAINTAINED, _CLAWBACK = 1, 2, 4
"""Trustline flags."""

_REQUIRED, _REVOCABLE, _IMMUTABLE, _CLAWBACK_ENABLED = 1, 2, 4, 8
"""Account flags."""

_WEIGHT_MAX = 255
_SIGNERS_MAX = 20


def change_trust(draft: Draft, account: Account, operation: xdr.ChangeTrustOp) -> None:
    """Open, limit or close a trustline; a new one is authorised unless the issuer wants to be asked."""
    asset, limit = _trusted(operation.line), operation.limit.int64
    issuer_address = asset.partition(":")[2]
    if asset == XLM or limit < 0 or issuer_address == account.address:
        raise Refused("MALFORMED")
    line = account.trustlines.get(asset)
    if limit < (line.balance if line else 1):
        raise Refused("INVALID_LIMIT")
    if limit == 0:
        draft.put(account.with_trustline(asset, None))
        return
    issuer = draft.find(issuer_address)
    if issuer is None:
        raise Refused("NO_ISSUER")
    if line is None and not account.can_afford_an_entry:
        raise Refused("LOW_RESERVE")
    line = line or _new_line(issuer)
    draft.put_trustline(account, asset, line.model_copy(update={"limit": limit}))


def _trusted(line: xdr.ChangeTrustAsset) -> str:
    if line.liquidity_pool is not None:
        raise Refused("MALFORMED")
    try:
        return asset_name(xdr.Asset(line.type, line.alpha_num4, line.alpha_num12))
    except ValueError:
        raise Refused("MALFORMED") from None


def _new_line(issuer: Account) -> TrustLine:
    return TrustLine(
        is_authorized=not issuer.auth_required,
        is_maintained=not issuer.auth_required,
        can_be_clawed_back=issuer.auth_clawback_enabled,
    )


def set_trustline_flags(draft: Draft, issuer: Account, operation: xdr.SetTrustLineFlagsOp) -> None:
    """Authorise or freeze somebody's trustline to an asset of the source's."""
    asset, trustor = asset_name(operation.asset), address_of(operation.trustor)
    cleared, given = operation.clear_flags.uint32, operation.set_flags.uint32
    is_contradictory = bool(cleared & given or given & _CLAWBACK)
    if asset.partition(":")[2] != issuer.address or trustor == issuer.address or is_contradictory:
        raise Refused("MALFORMED")
    account = draft.find(trustor)
    line = account.trustlines.get(asset) if account else None
    if account is None or line is None:
        raise Refused("NO_TRUST_LINE")
    if cleared & (_AUTHORIZED | _MAINTAINED) and not issuer.auth_revocable:
        raise Refused("CANT_REVOKE")
    draft.put_trustline(account, asset, _flagged(line, cleared, given))


def _flagged(line: TrustLine, cleared: int, given: int) -> TrustLine:
    is_authorized = bool((line.is_authorized and not cleared & _AUTHORIZED) or given & _AUTHORIZED)
    is_maintained = bool((line.is_maintained and not cleared & _MAINTAINED) or given & _MAINTAINED)
    can_be_clawed_back = line.can_be_clawed_back and not cleared & _CLAWBACK
    return line.model_copy(
        update={
            "is_authorized": is_authorized,
            "is_maintained": is_authorized or is_maintained,
            "can_be_clawed_back": bool(can_be_clawed_back),
        }
    )


def claw_back(draft: Draft, issuer: Account, operation: xdr.ClawbackOp) -> None:
    """Destroy some of an asset of the source's in somebody's account."""
    asset, amount = asset_name(operation.asset), operation.amount.int64
    if asset.partition(":")[2] != issuer.address:
        raise Refused("MALFORMED")
    holder = party_of(operation.from_).address
    account = draft.find(holder)
    line = account.trustlines.get(asset) if account else None
    if account is None or line is None:
        raise Refused("NO_TRUST")
    if not line.can_be_clawed_back:
        raise Refused("NOT_CLAWBACK_ENABLED")
    if line.balance < amount:
        raise Refused("UNDERFUNDED")
    line = line.model_copy(update={"balance": line.balance - amount})
    draft.put_trustline(account, asset, line)
    draft.moved(
        Movement(
            kind=MovementKind.CLAWBACK, sender=holder, receiver=None, asset=asset, amount=amount
        )
    )


def manage_data(draft: Draft, account: Account, operation: xdr.ManageDataOp) -> None:
    """Set a data entry, or take it away."""
    name = operation.data_name.string64.decode("ascii", "replace")
    if not name or not name.isprintable() or not name.isascii():
        raise Refused("INVALID_NAME")
    if operation.data_value is None:
        if name not in account.entries:
            raise Refused("NAME_NOT_FOUND")
        draft.put(account.with_entry(name, None))
        return
    if name not in account.entries and not account.can_afford_an_entry:
        raise Refused("LOW_RESERVE")
    value = base64.b64encode(operation.data_value.data_value).decode()
    draft.put(account.with_entry(name, value))


def bump_sequence(draft: Draft, account: Account, operation: xdr.BumpSequenceOp) -> None:
    """Give up all sequence numbers up to one; a lower one changes nothing."""
    sequence = operation.bump_to.sequence_number.int64
    if sequence < 0:
        raise Refused("BAD_SEQ")
    draft.put(account.changed(sequence=max(account.sequence, sequence)))


def set_options(draft: Draft, account: Account, operation: xdr.SetOptionsOp) -> None:
    """Change flags, weights, thresholds, home domain and one signer."""
    weights = {
        "master_weight": operation.master_weight,
        "low_threshold": operation.low_threshold,
        "medium_threshold": operation.med_threshold,
        "high_threshold": operation.high_threshold,
    }
    given = {name: weight.uint32 for name, weight in weights.items() if weight is not None}
    if any(weight > _WEIGHT_MAX for weight in given.values()):
        raise Refused("THRESHOLD_OUT_OF_RANGE")
    account = _with_flags(account.changed(**given), operation)
    if operation.home_domain is not None:
        account = account.changed(
            home_domain=operation.home_domain.string32.decode("ascii", "replace")
        )
    if operation.signer is not None:
        account = _with_signer(account, operation.signer)
    draft.put(account)


def _with_flags(account: Account, operation: xdr.SetOptionsOp) -> Account:
    cleared = operation.clear_flags.uint32 if operation.clear_flags else 0
    given = operation.set_flags.uint32 if operation.set_flags else 0
    if cleared & given:
        raise Refused("BAD_FLAGS")
    if (cleared | given) & ~(_REQUIRED | _REVOCABLE | _IMMUTABLE | _CLAWBACK_ENABLED):
        raise Refused("UNKNOWN_FLAG")
    if cleared | given and account.auth_immutable:
        raise Refused("CANT_CHANGE")
    flags = {
        "auth_required": _REQUIRED,
        "auth_revocable": _REVOCABLE,
        "auth_immutable": _IMMUTABLE,
        "auth_clawback_enabled": _CLAWBACK_ENABLED,
    }
    account = account.changed(
        **{
            name: bool((getattr(account, name) and not cleared & flag) or given & flag)
            for name, flag in flags.items()
        }
    )
    if account.auth_clawback_enabled and not account.auth_revocable:
        raise Refused("AUTH_REVOCABLE_REQUIRED")
    return account


def _with_signer(account: Account, signer: xdr.Signer) -> Account:
    weight = signer.weight.uint32
    if signer.key.ed25519 is None or weight > _WEIGHT_MAX:
        raise Refused("BAD_SIGNER")
    key = StrKey.encode_ed25519_public_key(signer.key.ed25519.uint256)
    if key == account.address:
        raise Refused("BAD_SIGNER")
    if weight and key not in account.signers:
        if len(account.signers) >= _SIGNERS_MAX:
            raise Refused("TOO_MANY_SIGNERS")
        if not account.can_afford_an_entry:
            raise Refused("LOW_RESERVE")
    return account.with_signer(key, weight)

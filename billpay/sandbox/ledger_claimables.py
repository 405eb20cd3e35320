"""Operations on claimable balances: money set aside on the ledger, until one of those it is for takes it.

A balance costs whoever makes it one reserve for each claimant, as long as it is there. A time counted from its making
becomes a point in time when it is made (stellar/stellar-core, CreateClaimableBalanceOpFrame).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from stellar_sdk import xdr
from stellar_sdk.xdr import ClaimPredicateType

from billpay.sandbox.ledger_codes import Refused
from billpay.sandbox.ledger_draft import Draft
from billpay.sandbox.ledger_entries import (
    LIMIT_MAX,
    XLM,
    Account,
    Claimable,
    Claimant,
    Movement,
    MovementKind,
    transfer_of,
)
from billpay.sandbox.ledger_envelopes import address_of, asset_name, balance_address
from billpay.sandbox.ledger_place import Place

_DEPTH_MAX = 4
_PAIR = 2
_TIME_MAX = 2**63 - 1

Predicate = Mapping[str, Any]


def is_sound_claimable(operation: xdr.CreateClaimableBalanceOp) -> bool:
    """Whether a balance could be made at all: something, for somebody, each named once."""
    names = [_destination(claimant) for claimant in operation.claimants]
    predicates = [claimant.v0.predicate for claimant in operation.claimants if claimant.v0]
    return (
        bool(asset_name(operation.asset))
        and operation.amount.int64 > 0
        and bool(names)
        and len(set(names)) == len(names)
        and all(_is_sound(predicate, depth=1) for predicate in predicates)
    )


def set_aside(place: Place, operation: xdr.CreateClaimableBalanceOp) -> xdr.ClaimableBalanceID:
    """Take an amount from the source and keep it for the claimants."""
    draft, asset, amount = place.draft, asset_name(operation.asset), operation.amount.int64
    balance_id = place.balance_id()
    name = balance_id.to_xdr_bytes().hex()
    can_be_clawed_back = _take(draft, place.account(), asset, amount)
    sponsor = place.account()
    reserves = len(operation.claimants)
    if not sponsor.can_afford(reserves):
        raise Refused("LOW_RESERVE")
    draft.put(sponsor.changed(sponsored_entries=sponsor.sponsored_entries + reserves))
    draft.put_claimable(
        Claimable(
            balance_id=name,
            asset=asset,
            amount=amount,
            claimants=_claimants(operation, draft.close_time),
            sponsor=sponsor.address,
            can_be_clawed_back=can_be_clawed_back,
            created_ledger=draft.ledger,
            last_modified_ledger=draft.ledger,
        )
    )
    draft.moved(transfer_of(sponsor.address, balance_address(name), asset, amount))
    return balance_id


def claim(place: Place, operation: xdr.ClaimClaimableBalanceOp) -> None:
    """Give a balance to the source, if it is for it and the time is right."""
    draft = place.draft
    found = _found(draft, operation.balance_id)
    mine = [one for one in found.claimants if one.address == place.source]
    if not mine or not _holds(mine[0].predicate, draft.close_time):
        raise Refused("CANNOT_CLAIM")
    _give(draft, place.account(), found.asset, found.amount)
    _close(draft, found, place.source)
    moved = transfer_of(balance_address(found.balance_id), place.source, found.asset, found.amount)
    draft.moved(moved)


def claw_back_claimable(place: Place, operation: xdr.ClawbackClaimableBalanceOp) -> None:
    """Destroy a balance of an asset of the source's."""
    found = _found(place.draft, operation.balance_id)
    if found.asset.partition(":")[2] != place.source:
        raise Refused("NOT_ISSUER")
    if not found.can_be_clawed_back:
        raise Refused("NOT_CLAWBACK_ENABLED")
    _close(place.draft, found, place.source)
    place.draft.moved(
        Movement(
            kind=MovementKind.CLAWBACK,
            sender=balance_address(found.balance_id),
            receiver=None,
            asset=found.asset,
            amount=found.amount,
        )
    )


def _destination(claimant: xdr.Claimant) -> str:
    if claimant.v0 is None:
        raise ValueError("a claimant of an unknown kind")
    return address_of(claimant.v0.destination)


def _claimants(operation: xdr.CreateClaimableBalanceOp, close_time: int) -> Sequence[Claimant]:
    return [
        Claimant(address=_destination(claimant), predicate=_told(claimant.v0.predicate, close_time))
        for claimant in operation.claimants
        if claimant.v0
    ]


def _is_sound(predicate: xdr.ClaimPredicate, depth: int) -> bool:
    if depth > _DEPTH_MAX:
        return False
    parts = predicate.and_predicates or predicate.or_predicates
    match predicate.type:
        case ClaimPredicateType.CLAIM_PREDICATE_AND | ClaimPredicateType.CLAIM_PREDICATE_OR:
            is_pair = parts is not None and len(parts) == _PAIR
            return is_pair and all(_is_sound(part, depth + 1) for part in parts or ())
        case ClaimPredicateType.CLAIM_PREDICATE_NOT:
            denied = predicate.not_predicate
            return denied is not None and _is_sound(denied, depth + 1)
    bound = predicate.abs_before or predicate.rel_before
    return bound is None or bound.int64 >= 0


def _told(predicate: xdr.ClaimPredicate, close_time: int) -> Predicate:
    """Write a predicate down, with every time counted from now as a point in time."""
    if predicate.and_predicates is not None:
        return {"and": [_told(part, close_time) for part in predicate.and_predicates]}
    if predicate.or_predicates is not None:
        return {"or": [_told(part, close_time) for part in predicate.or_predicates]}
    if predicate.not_predicate is not None:
        return {"not": _told(predicate.not_predicate, close_time)}
    if predicate.abs_before is not None:
        return {"abs_before_epoch": predicate.abs_before.int64}
    if predicate.rel_before is not None:
        end = min(close_time + predicate.rel_before.int64, _TIME_MAX)
        return {"abs_before_epoch": end}
    return {"unconditional": True}


def _holds(predicate: Predicate, close_time: int) -> bool:
    """Whether a predicate is true in a ledger."""
    [(kind, value)] = predicate.items()
    match kind:
        case "and":
            return all(_holds(part, close_time) for part in value)
        case "or":
            return any(_holds(part, close_time) for part in value)
        case "not":
            return not _holds(value, close_time)
        case "abs_before_epoch":
            return bool(close_time < value)
    return True


def _found(draft: Draft, balance_id: xdr.ClaimableBalanceID) -> Claimable:
    found = draft.find_claimable(balance_id.to_xdr_bytes().hex())
    if found is None:
        raise Refused("DOES_NOT_EXIST")
    return found


def _close(draft: Draft, claimable: Claimable, claimed_by: str) -> None:
    """Take a balance away, and give its reserves back to whom they belong."""
    draft.put_claimable(claimable.model_copy(update={"claimed_by": claimed_by}))
    sponsor = draft.find(claimable.sponsor)
    if sponsor is not None:
        rest = sponsor.sponsored_entries - len(claimable.claimants)
        draft.put(sponsor.changed(sponsored_entries=rest))


def _take(draft: Draft, account: Account, asset: str, amount: int) -> bool:
    """Take an amount, and answer whether the issuer may claw it back wherever it goes."""
    if asset == XLM:
        if account.spendable_xlm < amount:
            raise Refused("UNDERFUNDED")
        draft.put(account.changed(xlm=account.xlm - amount))
        return False
    if asset.partition(":")[2] == account.address:
        return account.auth_clawback_enabled
    line = account.trustlines.get(asset)
    if line is None:
        raise Refused("NO_TRUST")
    if not line.is_authorized:
        raise Refused("NOT_AUTHORIZED")
    if line.balance < amount:
        raise Refused("UNDERFUNDED")
    rest = line.model_copy(update={"balance": line.balance - amount})
    draft.put_trustline(account, asset, rest)
    return line.can_be_clawed_back


def _give(draft: Draft, account: Account, asset: str, amount: int) -> None:
    if asset == XLM:
        if account.xlm + amount > LIMIT_MAX:
            raise Refused("LINE_FULL")
        draft.put(account.changed(xlm=account.xlm + amount))
    elif asset.partition(":")[2] != account.address:
        line = account.trustlines.get(asset)
        if line is None:
            raise Refused("NO_TRUST")
        if not line.is_authorized:
            raise Refused("NOT_AUTHORIZED")
        if line.room < amount:
            raise Refused("LINE_FULL")
        more = line.model_copy(update={"balance": line.balance + amount})
        draft.put_trustline(account, asset, more)

"""What a transaction's envelope tells that its events do not: the memo as it was written, and ids of both sides.

An event names no multiplexed payer, shows a memo only where the destination is not multiplexed, and does not tell a
hash from a returned hash (CAP-67).
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import islice
from typing import Any

from stellar_sdk import MuxedAccount, xdr
from stellar_sdk.xdr import OperationType

from billpay.failures import Unavailable
from billpay.ledger.rpc_http import RpcHttp
from billpay.ledger.rpc_records import read_range, read_success
from billpay.ledger.shapes import Document, UnexpectedShapeError

AT_ONCE = 4
"""How many envelopes are asked for at once: a public server's patience is short."""

_KEPT = 1_000
"""Envelopes that are remembered: a page that fails half-way is not asked for from its beginning again."""


class Deed(Enum):
    """What an operation is, as far as deposits go."""

    PAYMENT = auto()
    PATH_PAYMENT = auto()
    CONTRACT_CALL = auto()
    OTHER = auto()
    """A trade, a claim: whatever it brings in, the wallet has asked for itself."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """Who does what for whom."""

    deed: Deed
    payer: str
    """Its source, multiplexed where it is."""

    payer_account: str
    destination_account: str | None = None
    destination_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """A transaction as it was signed."""

    memo_type: str
    memo: bytes | None
    """The bytes of a text memo."""

    memo_id: int | None
    operations: Sequence[Operation]


@dataclass(frozen=True, kw_only=True)
class LookedUp:
    """What a server knows of a transaction that its events are of."""

    is_successful: bool
    envelope: Envelope | None
    """None where it is in a newer protocol than our XDR, or the server has events without it."""


class Envelopes:
    """Asks a server for envelopes, each once."""

    def __init__(self, http: RpcHttp) -> None:
        self._http = http
        self._known: dict[str, LookedUp] = {}

    async def look_up(self, wanted: Mapping[str, int]) -> Mapping[str, LookedUp]:
        """Look transactions up, named by hash with the ledger that each is in.

        Raises:
            Unavailable, Misconfigured: the server did not answer for all of them.
        """
        unknown = iter([(one, ledger) for one, ledger in wanted.items() if one not in self._known])
        while some := list(islice(unknown, AT_ONCE)):
            await self._learn(some)
        found = {one: self._known[one] for one in wanted}
        for old in list(islice(self._known, max(0, len(self._known) - _KEPT))):
            del self._known[old]
        return found

    async def _learn(self, some: Iterable[tuple[str, int]]) -> None:
        asked = [self._look_up(one, ledger) for one, ledger in some]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
            transaction_hash, looked_up = answer
            self._known[transaction_hash] = looked_up

    async def _look_up(self, transaction_hash: str, ledger: int) -> tuple[str, LookedUp]:
        document = await self._http.call("getTransaction", {"hash": transaction_hash})
        return transaction_hash, _read(document, transaction_hash, ledger)


def _read(document: Document, transaction_hash: str, ledger: int) -> LookedUp:
    is_successful = read_success(document, transaction_hash)
    if is_successful is not None:
        envelope = read_envelope(document.get("envelopeXdr"))
        return LookedUp(is_successful=is_successful, envelope=envelope)
    oldest, latest = read_range(document)
    # A server looks for the transaction first, and may read its ledger before it says how far it has read.
    if not oldest <= ledger < latest:
        raise Unavailable("Stellar RPC has events of a ledger whose transactions it has not")
    return LookedUp(is_successful=True, envelope=None)


def read_envelope(envelope_xdr: object) -> Envelope | None:
    """Read an envelope; None for what our XDR does not describe, of a newer protocol or of no protocol at all."""
    if not isinstance(envelope_xdr, str):
        return None
    try:
        return _envelope(_body(xdr.TransactionEnvelope.from_xdr(envelope_xdr)))
    except Exception:  # noqa: BLE001  XDR of a newer protocol fails in every way there is
        return None


def _body(envelope: xdr.TransactionEnvelope) -> xdr.Transaction:
    """Answer what was signed; of a fee bump, what it wraps: memo and operations are there."""
    plain = envelope.v1
    if envelope.fee_bump is not None:
        plain = envelope.fee_bump.tx.inner_tx.v1
    if plain is None:
        raise UnexpectedShapeError("an envelope of an old kind")
    return plain.tx


def _envelope(body: xdr.Transaction) -> Envelope:
    kind = body.memo.type.name.removeprefix("MEMO_").lower()
    return Envelope(
        memo_type=kind,
        memo=body.memo.text if kind == "text" else None,
        memo_id=None if body.memo.id is None else body.memo.id.uint64,
        operations=[_operation(one, body.source_account) for one in body.operations],
    )


def _operation(operation: xdr.Operation, source: xdr.MuxedAccount) -> Operation:
    payer = MuxedAccount.from_xdr_object(operation.source_account or source)
    deed, destination = _deed(operation.body)
    return Operation(
        deed=deed,
        payer=payer.universal_account_id,
        payer_account=payer.account_id,
        destination_account=destination.account_id if destination else None,
        destination_id=destination.account_muxed_id if destination else None,
    )


def _deed(body: xdr.OperationBody) -> tuple[Deed, MuxedAccount | None]:
    if body.type is OperationType.INVOKE_HOST_FUNCTION:
        return Deed.CONTRACT_CALL, None
    paths: Any = body.path_payment_strict_receive_op or body.path_payment_strict_send_op
    if paths is not None:
        return Deed.PATH_PAYMENT, MuxedAccount.from_xdr_object(paths.destination)
    if body.payment_op is not None:
        return Deed.PAYMENT, MuxedAccount.from_xdr_object(body.payment_op.destination)
    return Deed.OTHER, None

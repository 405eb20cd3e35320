"""Values in contract events, read from their XDR. A protocol newer than our XDR fails in every way there is."""

from dataclasses import dataclass

from stellar_sdk import Address, scval, xdr
from stellar_sdk.xdr import SCValType

from billpay.domain.money import Stroops
from billpay.ledger.shapes import INT64_MAX, UnexpectedShapeError


@dataclass(frozen=True, kw_only=True)
class Amount:
    """How much moved, and the mark that it carried."""

    value: Stroops
    receiver: bytes | int | None
    """A multiplexed destination's id or a memo that is an id; else a memo's bytes."""

    is_text: bool = False
    """Whether the bytes are those of a text memo."""


def symbol_xdr(word: str) -> str:
    """Write a word as events and filters have it."""
    return scval.to_symbol(word).to_xdr()


def address_xdr(address: str) -> str:
    """Write an address as events and filters have it."""
    return scval.to_address(address).to_xdr()


def read_symbol(text: str) -> str:
    """Read a word.

    Raises:
        UnexpectedShapeError: it is none.
    """
    value = _decoded(text)
    if value.sym is None:
        raise UnexpectedShapeError("a topic is no symbol")
    return value.sym.sc_symbol.decode("ascii", "replace")


def read_address(text: str) -> str:
    """Read an address of any kind that is known today.

    Raises:
        UnexpectedShapeError: it is none.
    """
    value = _decoded(text)
    if value.address is None:
        raise UnexpectedShapeError("a topic is no address")
    try:
        return Address.from_xdr_sc_address(value.address).address
    except ValueError as error:
        raise UnexpectedShapeError("a topic is an address of an unknown kind") from error


def read_amount(text: str) -> Amount:
    """Read what an event carries: an amount, or a map of an amount and a mark, in any order.

    Raises:
        UnexpectedShapeError: it is something else, or more than an account can hold.
    """
    value = _decoded(text)
    if value.map is None:
        return Amount(value=_whole(value), receiver=None)
    entries = {
        entry.key.sym.sc_symbol: entry.val
        for entry in value.map.sc_map
        if entry.key.sym is not None
    }
    if b"amount" not in entries:
        raise UnexpectedShapeError("an event's value tells no amount")
    amount, mark = _whole(entries[b"amount"]), entries.get(b"to_muxed_id")
    if mark is None:
        return Amount(value=amount, receiver=None)
    if mark.type is SCValType.SCV_U64 and mark.u64 is not None:
        return Amount(value=amount, receiver=mark.u64.uint64)
    if mark.type is SCValType.SCV_STRING and mark.str is not None:
        return Amount(value=amount, receiver=mark.str.sc_string, is_text=True)
    if mark.type is SCValType.SCV_BYTES and mark.bytes is not None:
        return Amount(value=amount, receiver=mark.bytes.sc_bytes)
    raise UnexpectedShapeError("'to_muxed_id' is of an unknown kind")


def _whole(value: xdr.SCVal) -> Stroops:
    if value.i128 is None:
        raise UnexpectedShapeError("an event's amount is no whole number")
    amount = (value.i128.hi.int64 << 64) + value.i128.lo.uint64
    if not 0 <= amount <= INT64_MAX:
        raise UnexpectedShapeError("an event's amount is more than an account can hold")
    return Stroops(amount)


def _decoded(text: str) -> xdr.SCVal:
    try:
        return xdr.SCVal.from_xdr(text)
    except Exception as error:
        raise UnexpectedShapeError("a value that our XDR cannot read") from error

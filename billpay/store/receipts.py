"""Receipts as sealed text: the only form in which a token is kept."""

from pydantic import TypeAdapter

from billpay.domain.outcomes import Receipt
from billpay.store.sealing import Sealer

_RECEIPTS = TypeAdapter(Receipt)


def seal_receipt(sealer: Sealer, receipt: Receipt, *, name: str) -> bytes:
    """Seal a receipt for the row of this name."""
    return sealer.seal(_RECEIPTS.dump_json(receipt).decode(), name=name)


def open_receipt(sealer: Sealer, sealed: bytes, *, name: str) -> Receipt:
    """Unseal a receipt."""
    return _RECEIPTS.validate_json(sealer.open(sealed, name=name))

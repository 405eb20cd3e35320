"""Receipts and answers as sealed text: the only form in which a token is kept.

Each is sealed for one row; moving it to another means unsealing it.
"""

from dataclasses import replace

from pydantic import TypeAdapter

from billpay.domain.outcomes import Receipt
from billpay.store.columns import storable
from billpay.store.sealing import Sealer
from billpay.store.tables import AnswerRow, AttemptRow, TokenRow

_RECEIPTS = TypeAdapter(Receipt)


def put_receipt(sealer: Sealer, row: AttemptRow | TokenRow, receipt: Receipt) -> None:
    """Seal a receipt into its row, unless the row has a token already: that stays as it is (I7)."""
    if row.has_token:
        return
    row.receipt = sealer.seal(_RECEIPTS.dump_json(_readable(receipt)).decode(), name=_name(row))
    row.has_token = receipt.token is not None


def receipt_in(sealer: Sealer, row: AttemptRow | TokenRow) -> Receipt | None:
    """Unseal the receipt of a row; None where it has none."""
    if row.receipt is None:
        return None
    return _RECEIPTS.validate_json(sealer.open(row.receipt, name=_name(row)))


def fuller(kept: Receipt | None, new: Receipt) -> Receipt:
    """Put two receipts for the same sale together: a token seen once is not replaced, by none or by another."""
    if kept is None:
        return new
    return Receipt(
        provider_reference=new.provider_reference or kept.provider_reference,
        token=kept.token or new.token,
        bonus_token=kept.bonus_token or new.bonus_token,
        key_change_tokens=kept.key_change_tokens or new.key_change_tokens,
        units=new.units or kept.units,
        charged=kept.charged if new.charged is None else new.charged,
    )


def contradict(kept: Receipt | None, new: Receipt) -> bool:
    """Whether two receipts of one sale name different tokens."""
    if kept is None:
        return False
    pairs = (
        (kept.token, new.token),
        (kept.bonus_token, new.bonus_token),
        (kept.key_change_tokens, new.key_change_tokens),
    )
    return any(old and said and old != said for old, said in pairs)


def put_body(sealer: Sealer, row: AnswerRow, body: str) -> None:
    """Seal what a provider said into its row."""
    row.body = sealer.seal(body, name=_name(row))


def body_of(sealer: Sealer, row: AnswerRow) -> str:
    """Unseal what a provider said."""
    return sealer.open(row.body, name=_name(row))


def _readable(receipt: Receipt) -> Receipt:
    return replace(
        receipt,
        provider_reference=storable(receipt.provider_reference),
        units=None if receipt.units is None else storable(receipt.units),
    )


def _name(row: AttemptRow | TokenRow | AnswerRow) -> str:
    match row:
        case AttemptRow():
            return f"receipt of attempt {row.request_id}"
        case TokenRow():
            return f"receipt of order {row.transaction_id}"
        case AnswerRow():
            return f"answer {row.number} to {row.request_id}"

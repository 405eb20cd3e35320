import hashlib
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpay.domain.money import Kobo
from billpay.domain.outcomes import Receipt
from billpay.domain.tokens import Token
from billpay.failures import Misconfigured
from billpay.store.receipts import contradict, fuller, put_receipt, receipt_in
from billpay.store.sealing import Sealer
from billpay.store.tables import AttemptRow, TokenRow

SEALER = Sealer(hashlib.sha256(b"a key of these tests").digest())
tokens = st.sampled_from([None, Token("1" * 20), Token("2" * 20)])
receipts = st.builds(
    Receipt,
    provider_reference=st.sampled_from(["", "VT-1", "VT-2"]),
    token=tokens,
    bonus_token=tokens,
    key_change_tokens=st.sampled_from([(), (Token("3" * 20), Token("4" * 20))]),
    units=st.sampled_from([None, "79.9 kWh"]),
    charged=st.sampled_from([None, Kobo(0), Kobo(500_000)]),
)


@given(st.lists(receipts, min_size=1, max_size=6))
def test_a_token_seen_once_is_kept_whatever_comes_later(said):
    """I7."""
    kept = None
    for receipt in said:
        kept = fuller(kept, receipt)
    for name in ("token", "bonus_token", "key_change_tokens"):
        seen = [getattr(receipt, name) for receipt in said if getattr(receipt, name)]
        assert getattr(kept, name) == (seen[0] if seen else getattr(said[0], name))


@given(receipts, receipts)
def test_two_receipts_contradict_each_other_where_both_name_a_token_and_not_the_same(one, other):
    assert contradict(one, other) == contradict(other, one)
    assert not contradict(one, one)
    assert not contradict(None, other)
    if one.token and other.token and one.token != other.token:
        assert contradict(one, other)


@given(receipts)
def test_a_receipt_is_read_back_from_its_row(receipt):
    row = AttemptRow(request_id="1", has_token=False)
    assert receipt_in(SEALER, row) is None
    put_receipt(SEALER, row, receipt)
    assert receipt_in(SEALER, row) == receipt
    assert row.has_token == (receipt.token is not None)


@given(receipts, receipts)
def test_a_row_with_a_token_is_not_written_again(first, second):
    """I7."""
    row = TokenRow(transaction_id=UUID(int=1), has_token=False)
    put_receipt(SEALER, row, first)
    put_receipt(SEALER, row, second)
    assert receipt_in(SEALER, row) == (first if first.token else second)


def test_a_receipt_opens_in_its_own_row_only():
    row, other = (AttemptRow(request_id=name, has_token=False) for name in ("1", "2"))
    put_receipt(SEALER, row, Receipt(provider_reference="VT-1"))
    other.receipt = row.receipt
    with pytest.raises(Misconfigured):
        receipt_in(SEALER, other)

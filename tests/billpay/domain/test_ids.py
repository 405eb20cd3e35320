from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpay.domain.ids import (
    LAGOS,
    MEMO_LIMIT_BYTES,
    alias_of,
    bill_workflow_id,
    deposit_workflow_id,
    memo_of,
    message_id,
    new_transaction_id,
    refund_id,
    request_id,
    transaction_id_from_memo,
)

INSTANTS = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001  the strategy adds the zone
    max_value=datetime(2090, 1, 1),  # noqa: DTZ001  the strategy adds the zone
    timezones=st.sampled_from(
        [UTC, LAGOS, timezone(timedelta(hours=14)), timezone(timedelta(hours=-11))]
    ),
)
ALIAS_OF_ONE = 8_952_255_631_054_521_211
WORKFLOWS = st.uuids().map(bill_workflow_id)
ATTEMPTS = st.integers(min_value=1, max_value=999)


@given(st.uuids())
def test_a_memo_names_its_order_in_27_bytes(transaction_id):
    memo = memo_of(transaction_id).encode()
    assert memo.startswith(b"BILL-")
    assert len(memo) == 27 < MEMO_LIMIT_BYTES
    assert transaction_id_from_memo(memo) == transaction_id


@pytest.mark.parametrize("edge", [0, 1, 57, 58, (1 << 128) - 1])
def test_the_ends_of_the_range_have_memos(edge):
    assert transaction_id_from_memo(memo_of(UUID(int=edge)).encode()) == UUID(int=edge)


@given(st.binary(max_size=64))
def test_only_what_we_write_is_read(raw):
    """Fault 15, 16: whatever decodes is, byte for byte, the memo of what it decodes to."""
    transaction_id = transaction_id_from_memo(raw)
    assert transaction_id is None or memo_of(transaction_id).encode() == raw


@given(st.uuids(), st.integers(min_value=0, max_value=26), st.integers(0, 255))
def test_a_changed_byte_never_leads_to_the_same_order(transaction_id, place, byte):
    """Fault 15: a look-alike memo belongs to nobody, or to somebody else."""
    memo = bytearray(memo_of(transaction_id).encode())
    if memo[place] == byte:
        return
    memo[place] = byte
    assert transaction_id_from_memo(bytes(memo)) != transaction_id


@given(st.uuids())
def test_nothing_is_trimmed_folded_or_guessed(transaction_id):
    """Fault 15: spaces, case, prefixes, look-alikes, NUL, marks, a missing or doubled character."""
    memo = memo_of(transaction_id)
    mutants = [
        f" {memo}",
        f"{memo} ",
        f"{memo}\n",
        f"{memo}\0",
        f"\ufeff{memo}",
        f"\u200f{memo}",
        memo.replace("BILL-", "bill-"),
        memo.replace("BILL-", "BILL"),
        memo.replace("BILL-", "BILL—"),
        memo.replace("BILL-", "PILL-"),
        memo.replace("BILL-", "BILL-BILL-"),
        memo.replace("BILL-", ""),
        memo[:-1],
        memo + "1",
        memo[:5] + "1" + memo[5:],
        f"BILL-{transaction_id}",
        f"BILL-{transaction_id.hex}",
    ]
    assert not any(transaction_id_from_memo(mutant.encode()) for mutant in mutants)


@given(st.uuids(), st.sampled_from("0OIl+/_-"))
def test_characters_that_base58_leaves_out_are_refused(transaction_id, character):
    memo = memo_of(transaction_id)
    assert transaction_id_from_memo((memo[:-1] + character).encode()) is None


@pytest.mark.parametrize("raw", [b"", b"BILL-", b"BILL-" + b"z" * 22, b"BILL-" + b"\xff" * 22])
def test_codes_that_hold_no_uuid_are_refused(raw):
    """22 characters of base58 hold a little more than 128 bits; the rest belongs to nobody."""
    assert transaction_id_from_memo(raw) is None


@given(st.uuids())
def test_an_alias_is_a_positive_number_of_63_bits(transaction_id):
    """Fault 17: it fits a memo id, a multiplexed address and a BIGINT."""
    assert 1 <= alias_of(transaction_id) < 1 << 63
    assert alias_of(UUID(int=transaction_id.int)) == alias_of(transaction_id)


def test_an_alias_stays_what_it_was_told_as():
    assert alias_of(UUID(int=1)) == ALIAS_OF_ONE


@given(WORKFLOWS, ATTEMPTS, INSTANTS)
def test_a_request_id_starts_with_the_minute_in_lagos(workflow_id, attempt, opened_at):
    """Fault 42: UTC+1 all year, whatever the zone of the machine."""
    made = request_id(workflow_id, attempt, opened_at)
    lagos = opened_at.astimezone(UTC) + timedelta(hours=1)
    assert made[:12] == lagos.strftime("%Y%m%d%H%M")
    assert len(made) == 24
    assert made.isascii()
    assert made.isalnum()


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC), "202612312359"),
        (datetime(2026, 12, 31, 23, 0, 0, tzinfo=UTC), "202701010000"),
        (datetime(2028, 2, 28, 23, 30, tzinfo=UTC), "202802290030"),
    ],
)
def test_midnight_in_lagos_is_an_hour_before_midnight_in_utc(instant, day):
    """Fault 42."""
    assert request_id("bill-x", 1, instant).startswith(day)


@given(WORKFLOWS, ATTEMPTS, INSTANTS)
def test_the_same_attempt_has_the_same_request_id(workflow_id, attempt, opened_at):
    """I14: a step that is repeated asks under the name it asked under before."""
    again = opened_at.astimezone(timezone(timedelta(hours=5)))
    assert request_id(workflow_id, attempt, opened_at) == request_id(workflow_id, attempt, again)


@given(WORKFLOWS, WORKFLOWS, ATTEMPTS, ATTEMPTS, INSTANTS)
def test_different_attempts_have_different_request_ids(one, other, first, second, opened_at):
    """I4: two purchases must never share the provider's only idempotency key."""
    same = (one, first) == (other, second)
    made = {request_id(one, first, opened_at), request_id(other, second, opened_at)}
    assert len(made) == (1 if same else 2)


def test_fresh_orders_have_fresh_ids():
    assert len({new_transaction_id() for _ in range(100)}) == 100


def test_every_other_id_is_made_of_what_it_names():
    order = UUID(int=7)
    assert bill_workflow_id(order) == "bill-00000000-0000-0000-0000-000000000007"
    assert deposit_workflow_id("42") == "deposit-42"
    assert refund_id("42", "whole") == "refund-42-whole"
    assert message_id("42", "refunded") == "42:refunded:1"
    assert message_id("42", "refunded", 2) == "42:refunded:2"

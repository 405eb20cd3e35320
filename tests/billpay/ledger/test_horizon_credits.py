"""Which payment records are credits, what they say, and what becomes of those that nobody can read."""

import base64
from datetime import UTC, datetime

import pytest

from billpay.failures import Unavailable
from billpay.ledger.horizon_credits import read_page
from billpay.ledger.positions import ledger_of, position_of
from tests.billpay.ledger import wire
from tests.billpay.ledger.pages import ASSET, only_credit, only_unreadable, read
from tests.billpay.ledger.wire import contract_call, movement, page, payment, transaction


def test_a_payment_is_read_in_full():
    credit = only_credit(payment())
    assert credit.operation_id == credit.paging_token == str(wire.FIRST)
    assert credit.transaction_hash == wire.HASH
    assert credit.ledger == 1_000
    assert credit.closed_at == datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    assert credit.payer == wire.PAYER
    assert credit.amount == 50_300_000_000
    assert (credit.memo_type, credit.memo) == ("text", b"BILL-x")


@pytest.mark.parametrize("kind", ["path_payment_strict_receive", "path_payment_strict_send"])
def test_a_path_payment_counts_what_arrived_not_what_was_sent(kind):
    """Fault 18."""
    sent = {"source_asset_type": "native", "source_amount": "1.0000000", "source_max": "9.0000000"}
    credit = only_credit(payment(type=kind, destination_min="1.0000000", path=[], **sent))
    assert credit.amount == 50_300_000_000


@pytest.mark.parametrize(
    "changes",
    [
        {"asset_issuer": wire.STRANGER},
        {"asset_code": "CNGN"},
        {"asset_code": "cNGN2", "asset_type": "credit_alphanum12"},
        {"asset_type": "native", "asset_code": None, "asset_issuer": None},
        {"to": wire.STRANGER},
        {"from": wire.WALLET, "to": wire.PAYER},
        {"from": wire.WALLET},
        {"transaction_successful": False},
    ],
    ids=["issuer", "case", "longer code", "native", "to another", "ours", "to ourselves", "failed"],
)
def test_what_is_not_a_credit_of_ours_is_passed_over_and_the_cursor_with_it(changes):
    """Faults 20 and 21, I23: look-alikes never credit an order."""
    read_back = read(payment(**changes))
    assert not read_back.credits
    assert not read_back.unreadable
    assert read_back.cursor == str(wire.FIRST)


def test_a_failed_operation_may_be_of_any_type():
    read_back = read(payment(transaction_successful=False, type=None))
    assert (read_back.credits, read_back.debits, read_back.unreadable) == ([], [], [])


@pytest.mark.parametrize("kind", ["create_account", "account_merge"])
def test_operations_that_move_only_the_native_coin_are_passed_over(kind):
    """Fault 18."""
    merged = dict.fromkeys([*wire.CNGN, "from", "to", "amount"])
    read_back = read(payment(type=kind, account=wire.STRANGER, into=wire.WALLET, **merged))
    assert (read_back.credits, read_back.unreadable) == ([], [])


def test_several_payments_of_one_transaction_are_several_credits():
    """Fault 19: the unit of idempotency is the operation."""
    credits_read = read(payment(), payment(wire.FIRST + 1), payment(wire.FIRST + 2)).credits
    assert [credit.operation_id for credit in credits_read] == [
        str(wire.FIRST + index) for index in range(3)
    ]
    assert {credit.transaction_hash for credit in credits_read} == {wire.HASH}


def test_a_multiplexed_payer_is_paid_back_under_its_multiplexed_address():
    """Fault 17: id 0 is dropped from the wire, the address is not."""
    muxed = payment(from_muxed=wire.MUXED_PAYER)
    assert only_credit(muxed).payer == wire.MUXED_PAYER
    assert only_credit(muxed | {"from_muxed_id": "7"}).payer == wire.MUXED_PAYER


def test_a_multiplexed_destination_is_still_our_wallet():
    """Fault 17."""
    assert only_credit(payment(to_muxed=wire.MUXED_PAYER, to_muxed_id="7")).memo == b"BILL-x"


def test_the_payer_is_the_operations_source_not_the_transactions():
    """Exchanges and sponsors send through channel accounts."""
    record = payment(transaction=transaction(source_account=wire.STRANGER))
    assert only_credit(record).payer == wire.PAYER


def test_a_fee_bump_keeps_the_wrapped_transactions_memo():
    """Fault 18."""
    bumped = transaction(
        fee_bump_transaction={"hash": wire.HASH, "signatures": []},
        inner_transaction={"hash": "ab" * 32, "signatures": [], "max_fee": "100"},
    )
    credit = only_credit(payment(transaction=bumped))
    assert (credit.transaction_hash, credit.memo) == (wire.HASH, b"BILL-x")


@pytest.mark.parametrize(
    "raw",
    [
        b"BILL-x\x00",
        b"BILL-\xff\xfe",
        b" bill-x ",
        "BILL-\N{RIGHT-TO-LEFT OVERRIDE}x".encode(),
        "BILL-\N{FULLWIDTH LATIN SMALL LETTER X}".encode(),
        "1234567890123456789012345 \N{GRINNING FACE}".encode()[:28],
        b"",
    ],
    ids=["NUL", "no UTF-8", "spaces and case", "direction mark", "full width", "cut", "empty"],
)
def test_a_text_memo_is_its_raw_bytes_whatever_they_are(raw):
    """Fault 15: Horizon's `memo` is scrubbed, so two different memos look the same there."""
    written = transaction(memo="BILL-x", memo_bytes=base64.b64encode(raw).decode())
    assert only_credit(payment(transaction=written)).memo == raw


def test_an_empty_text_memo_has_no_bytes_on_the_wire():
    """Fault 13."""
    assert only_credit(payment(transaction=transaction(memo="", memo_bytes=None))).memo == b""


@pytest.mark.parametrize(
    ("kind", "memo"), [("none", None), ("id", "42"), ("hash", "AAAA"), ("return", "AAAA")]
)
def test_a_memo_of_another_type_is_named_and_not_read(kind, memo):
    """Faults 13 and 14."""
    record = payment(transaction=transaction(memo_type=kind, memo=memo, memo_bytes=None))
    credit = only_credit(record)
    assert (credit.memo_type, credit.memo) == (kind, None)


def test_a_contract_transfer_is_one_credit_for_each_movement_to_us():
    """Fault 18, I1: one invocation may pay us several times; each is named by counting ours alone."""
    read_back = read(
        contract_call(
            movement(),
            movement(to=wire.STRANGER),
            movement(amount="0.0000001"),
            movement(asset_issuer=wire.STRANGER),
            movement(type="burn", to=None),
            movement(**{"type": "transfer", "from": wire.WALLET}),
        )
    )
    assert [(credit.operation_id, credit.amount) for credit in read_back.credits] == [
        (str(wire.FIRST), 50_300_000_000),
        (f"{wire.FIRST}-1", 1),
    ]
    assert {credit.payer for credit in read_back.credits} == {wire.CONTRACT}
    assert {credit.paging_token for credit in read_back.credits} == {str(wire.FIRST)}
    assert not read_back.unreadable


def test_a_contract_that_moves_nothing_to_us_is_passed_over():
    """Otherwise anybody could fill the operator's list of cases. It is counted: no name hangs on an amount (I1)."""
    read_back = read(contract_call(movement(amount="0.0000000"), movement()))
    assert [credit.operation_id for credit in read_back.credits] == [f"{wire.FIRST}-1"]
    assert not read_back.unreadable


@pytest.mark.parametrize(
    ("changes", "alias"),
    [
        ({}, None),
        ({"to_muxed": wire.MUXED_WALLET, "to_muxed_id": "7"}, 7),
        ({"to_muxed": wire.MUXED_WALLET, "to_muxed_id": str(2**64 - 1)}, 2**64 - 1),
        ({"to_muxed": wire.MUXED_WALLET}, 0),
        ({"transaction": transaction(memo_type="id", memo="42", memo_bytes=None)}, 42),
        (
            {
                "to_muxed": wire.MUXED_WALLET,
                "to_muxed_id": "7",
                "transaction": transaction(memo_type="id", memo="42", memo_bytes=None),
            },
            7,
        ),
    ],
    ids=["none", "destination", "largest", "zero is left out", "memo", "destination before memo"],
)
def test_an_order_may_be_named_by_a_number(changes, alias):
    """Faults 14 and 17: a multiplexed destination, or a memo of the kind id, for who cannot send text."""
    assert only_credit(payment(**changes)).alias == alias


@pytest.mark.parametrize(("written", "alias"), [("42", 42), ("0", 0), (None, None)])
def test_a_contract_names_an_order_by_the_id_of_its_destination(written, alias):
    """Contract accounts have no memo at all."""
    moved = movement(destination_muxed_id=written)
    assert only_credit(contract_call(moved)).alias == alias


def test_what_is_minted_to_us_comes_from_the_issuer():
    minted = movement(**{"type": "mint", "from": None})
    assert only_credit(contract_call(minted)).payer == wire.ISSUER


UNREADABLE = {
    "no amount": {"amount": None},
    "amount as a number": {"amount": 5030},
    "amount with few decimals": {"amount": "5030.0"},
    "negative amount": {"amount": "-5030.0000000"},
    "nothing": {"amount": "0.0000000"},
    "more than the ledger holds": {"amount": "922337203685.4775808"},
    "no receiver": {"to": None},
    "no payer": {"from": None},
    "payer with NUL": {"from": wire.PAYER[:-1] + "\x00"},
    "odd multiplexed payer": {"from_muxed": 7},
    "odd destination": {"to_muxed": wire.MUXED_WALLET, "to_muxed_id": 7},
    "destination beyond 64 bits": {"to_muxed": wire.MUXED_WALLET, "to_muxed_id": str(2**64)},
    "odd memo id": {"transaction": transaction(memo_type="id", memo="-1", memo_bytes=None)},
    "no asset type": {"asset_type": None},
    "no hash": {"transaction_hash": None},
    "hash with a surrogate": {"transaction_hash": "\ud800" * 64},
    "no time": {"created_at": None},
    "time without zone": {"created_at": "2026-03-02T09:30:00"},
    "no time at all": {"created_at": "yesterday"},
    "unknown success": {"transaction_successful": None},
    "success as text": {"transaction_successful": "true"},
    "unknown operation": {"type": "teleport_payment"},
    "operation of odd characters": {"type": "teleport\x00\ud800"},
    "no type": {"type": None},
    "nothing joined": {"transaction": None},
    "no memo type": {"transaction": transaction(memo_type=None)},
    "no memo bytes": {"transaction": transaction(memo_bytes=None)},
    "memo bytes no base64": {"transaction": transaction(memo_bytes="%%%%")},
    "memo bytes no ASCII": {"transaction": transaction(memo_bytes="ä")},
}


@pytest.mark.parametrize("changes", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_record_that_cannot_be_read_is_kept_for_a_person_and_blocks_nobody(changes):
    """Fault 67: it may be somebody's money, and others wait behind it."""
    read_back = read(payment(**changes), payment(wire.FIRST + 1))
    assert [credit.operation_id for credit in read_back.credits] == [str(wire.FIRST + 1)]
    assert read_back.cursor == str(wire.FIRST + 1)
    (unreadable,) = read_back.unreadable
    assert unreadable.operation_id == str(wire.FIRST)
    assert unreadable.reason
    assert unreadable.transaction_hash in (None, wire.HASH)
    assert str(wire.FIRST) in unreadable.body
    for storable in (unreadable.reason, unreadable.body):
        assert "\x00" not in storable
        storable.encode()


def test_an_unreadable_movement_does_not_hide_its_neighbours():
    """Fault 67."""
    read_back = read(contract_call(movement(), movement(amount="much"), movement()))
    assert [c.operation_id for c in read_back.credits] == [str(wire.FIRST), f"{wire.FIRST}-2"]
    assert [u.operation_id for u in read_back.unreadable] == [f"{wire.FIRST}-1"]


def test_where_one_movement_may_be_anybodys_none_of_the_operation_is_believed():
    """I1: a name that counts on would change once the odd one can be read, and its money be counted twice."""
    odd = contract_call(movement(asset_type=None), movement())
    assert only_unreadable(odd).operation_id == str(wire.FIRST)


@pytest.mark.parametrize("changes", [None, "none", [1]])
def test_a_contract_call_without_its_movements_cannot_be_read(changes):
    record = contract_call() | {"asset_balance_changes": changes}
    assert "asset_balance_changes" in only_unreadable(record).reason


def test_a_huge_unreadable_record_is_kept_shortened():
    assert len(only_unreadable(payment(type="x" * 100_000)).body) < 2_000


def test_an_empty_page_leaves_the_cursor_where_it_is():
    """Fault 9."""
    read_back = read(cursor="77")
    assert (read_back.credits, read_back.cursor, read_back.is_full) == ([], "77", False)


def test_a_full_page_says_that_more_may_wait():
    assert read(payment(), payment(wire.FIRST + 1), limit=2).is_full
    assert not read(payment(), limit=2).is_full


def test_records_seen_before_are_read_again_and_never_move_the_cursor_back():
    """Faults 1, 6 and 9: a server that repeats itself, or has read less than the last one, does no harm."""
    ahead = str(wire.FIRST + 5)
    read_back = read(payment(), payment(), cursor=ahead, limit=2)
    assert [credit.operation_id for credit in read_back.credits] == [str(wire.FIRST)] * 2
    assert read_back.cursor == ahead
    assert not read_back.is_full, "a page that leads nowhere must not be followed at once"


def test_a_page_out_of_order_is_not_believed():
    """Fault 2: behind a page in descending order, everything in between would be skipped."""
    with pytest.raises(Unavailable, match="order"):
        read(payment(wire.FIRST + 1), payment())


@pytest.mark.parametrize("token", [None, 17, "17-1", "", "9" * 19, "9" * 40])
def test_a_record_without_a_place_discredits_its_page(token):
    with pytest.raises(Unavailable):
        read(payment(paging_token=token), payment(wire.FIRST + 1))


@pytest.mark.parametrize(
    "document",
    [{}, {"_embedded": []}, {"_embedded": {}}, {"_embedded": {"records": [None]}}, page("x")],
)
def test_what_is_no_page_is_not_believed(document):
    with pytest.raises(Unavailable):
        read_page(document, wallet=wire.WALLET, asset=ASSET, cursor="0", limit=10)


def test_a_cursor_names_its_ledger():
    assert ledger_of(str(wire.FIRST)) == 1_000
    assert int(position_of(1_000)) < wire.FIRST < int(position_of(1_001))

"""Horizon's JSON for transactions and payments, field for field, over a real socket."""

import base64

import pytest
from stellar_sdk import HashMemo, IdMemo, MuxedAccount, Payment, ReturnHashMemo, TextMemo, xdr

from billpay.sandbox import identities
from tests.fixtures.sandbox import CNGN

PAYER = identities.payer(1)
TREASURY = identities.treasury().public_key
HASH = bytes(range(32))

PAYMENT_STRINGS = {
    "id",
    "paging_token",
    "source_account",
    "type",
    "created_at",
    "transaction_hash",
    "asset_type",
    "asset_code",
    "asset_issuer",
    "from",
    "to",
    "amount",
}
TRANSACTION_STRINGS = {
    "id",
    "paging_token",
    "hash",
    "created_at",
    "source_account",
    "source_account_sequence",
    "fee_account",
    "fee_charged",
    "max_fee",
    "envelope_xdr",
    "result_xdr",
    "fee_meta_xdr",
    "memo_type",
}


def payments(world, address=TREASURY, **query):
    return world.ask(f"/horizon/accounts/{address}/payments", **query)["_embedded"]["records"]


def fields_of(document, kind):
    return {name for name, value in document.items() if type(value) is kind}


def test_a_payment_has_horizons_fields_and_no_others(world):
    world.pay("BILL-memo", "5030")
    [row] = payments(world)
    assert set(row) == PAYMENT_STRINGS | {"_links", "transaction_successful", "type_i"}
    assert fields_of(row, str) == PAYMENT_STRINGS
    assert (row["transaction_successful"], row["type_i"]) == (True, 1)
    assert set(row["_links"]) == {"self", "transaction", "effects", "succeeds", "precedes"}
    assert (row["amount"], row["asset_type"]) == ("5030.0000000", "credit_alphanum4")
    assert row["id"] == row["paging_token"]


def test_a_joined_transaction_has_horizons_fields_and_no_others(world):
    world.pay("BILL-memo", "5030")
    [row] = payments(world, join="transactions")
    transaction = row["transaction"]
    assert fields_of(transaction, str) == TRANSACTION_STRINGS | {"memo", "memo_bytes"}
    assert fields_of(transaction, int) == {"ledger", "operation_count"}
    assert fields_of(transaction, bool) == {"successful"}
    assert fields_of(transaction, list) == {"signatures"}
    assert fields_of(transaction, dict) == {"_links", "preconditions"}
    assert set(transaction["preconditions"]["timebounds"]) == {"min_time", "max_time"}
    assert transaction == world.ask(f"/horizon/transactions/{transaction['hash']}")


def test_the_xdr_of_a_transaction_is_what_was_posted_and_what_came_of_it(world, scribe):
    sent = scribe.write(Payment(TREASURY, CNGN, "1"))
    applied = world.submit(sent).json()
    assert applied["envelope_xdr"] == sent.to_xdr()
    assert applied["hash"] == sent.hash_hex()
    result = xdr.TransactionResult.from_xdr(applied["result_xdr"])
    assert result.fee_charged.int64 == 100
    assert result.result.code is xdr.TransactionResultCode.txSUCCESS
    assert applied["signatures"] == [
        base64.b64encode(signature.signature).decode() for signature in sent.signatures
    ]
    xdr.LedgerEntryChanges.from_xdr(applied["fee_meta_xdr"])


# Memos


@pytest.mark.parametrize(
    ("memo", "shown"),
    [
        (None, {"memo_type": "none"}),
        (
            TextMemo("BILL-x"),
            {"memo_type": "text", "memo": "BILL-x", "memo_bytes": "QklMTC14"},
        ),
        (TextMemo(""), {"memo_type": "text", "memo": "", "memo_bytes": ""}),
        (
            TextMemo(b"a\xff\xfe\x00b"),
            {"memo_type": "text", "memo": "a��b", "memo_bytes": "Yf/+AGI="},
        ),
        (
            TextMemo("é☎".encode()[:4]),
            {"memo_type": "text", "memo": "é��", "memo_bytes": "w6nimA=="},
        ),
        (IdMemo(2**64 - 1), {"memo_type": "id", "memo": "18446744073709551615"}),
        (HashMemo(HASH), {"memo_type": "hash", "memo": base64.b64encode(HASH).decode()}),
        (ReturnHashMemo(HASH), {"memo_type": "return", "memo": base64.b64encode(HASH).decode()}),
    ],
)
def test_every_memo_is_told_in_horizons_way(scribe, memo, shown):
    """Faults 13 to 15: two different texts can look the same; only `memo_bytes` tells them apart."""
    applied = scribe.do(Payment(TREASURY, CNGN, "1"), memo=memo)
    assert {name: value for name, value in applied.items() if name.startswith("memo")} == shown


def test_the_truth_tells_memos_in_bytes(world, scribe):
    for memo in (TextMemo(b"\xff"), IdMemo(7), None):
        scribe.do(Payment(TREASURY, CNGN, "1"), memo=memo)
    told = [(row["memo_type"], row["memo"]) for row in world.truth_ledger()["payments"]]
    assert told == [("text", "/w=="), ("id", "7"), ("none", None)]


# Muxed accounts


def test_muxed_accounts_are_shown_beside_plain_ones(world, scribe):
    """Fault 17: the ledger knows the plain account, the record tells the id, as text."""
    source = MuxedAccount(PAYER.public_key, 2**64 - 1)
    target = MuxedAccount(TREASURY, 42)
    applied = scribe.do(
        Payment(target, CNGN, "1", source=source),
        source=source.account_muxed,
        signers=[PAYER],
        sequence=world.sequence(PAYER.public_key) + 1,
    )
    assert applied["account_muxed"] == source.account_muxed
    assert applied["account_muxed_id"] == applied["fee_account_muxed_id"] == str(2**64 - 1)
    [row] = payments(world)
    assert (row["to"], row["to_muxed"], row["to_muxed_id"]) == (
        TREASURY,
        target.account_muxed,
        "42",
    )
    assert (row["from"], row["from_muxed"]) == (PAYER.public_key, source.account_muxed)
    assert row["from_muxed_id"] == row["source_account_muxed_id"] == str(2**64 - 1)
    assert row["source_account_muxed"] == source.account_muxed
    assert world.truth_ledger()["payments"][0]["to"] == TREASURY


def test_a_muxed_id_of_zero_is_dropped_and_its_address_is_not(world, scribe):
    scribe.do(Payment(MuxedAccount(TREASURY, 0), CNGN, "1"))
    [row] = payments(world)
    assert "to_muxed" in row
    assert "to_muxed_id" not in row

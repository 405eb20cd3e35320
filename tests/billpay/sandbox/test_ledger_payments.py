"""Operations that move money: what each does, and when it is refused, with the real SDK over a real socket."""

import pytest
from stellar_sdk import (
    AccountMerge,
    Asset,
    ChangeTrust,
    CreateAccount,
    Keypair,
    MuxedAccount,
    PathPaymentStrictReceive,
    PathPaymentStrictSend,
    Payment,
    xdr,
)

from billpay.sandbox import identities
from tests.fixtures.sandbox import CNGN

PAYER, OTHER = identities.payer(1), identities.payer(2)
ISSUER = identities.issuer()
TREASURY = identities.treasury()
NEW = Keypair.from_raw_ed25519_seed(bytes(32))
XLM = Asset.native()
FOREIGN = Asset("cNGN", OTHER.public_key)
"""The same code from somebody else."""


def account(world, keypair):
    return world.ask(f"/horizon/accounts/{keypair.public_key}")


def balance(world, keypair, asset=CNGN):
    for row in account(world, keypair)["balances"]:
        if row.get("asset_code") == asset.code and row.get("asset_issuer") == asset.issuer:
            return row["balance"]
        if asset.is_native() and row["asset_type"] == "native":
            return row["balance"]
    return None


def payment_of(amount):
    """A payment whose amount the SDK would not write."""
    operation = Payment(TREASURY.public_key, CNGN, "1").to_xdr_object()
    operation.body.payment_op.amount = xdr.Int64(amount)

    class Raw:
        source = None

        def to_xdr_object(self):
            return operation

    return Raw()


@pytest.mark.parametrize(
    ("whose", "switch", "code"),
    [
        (TREASURY, {"trustline": False}, "op_no_trust"),
        (TREASURY, {"exists": False}, "op_no_destination"),
        (TREASURY, {"authorized": False}, "op_not_authorized"),
        (TREASURY, {"limit": "10", "cngn": "9.0000001"}, "op_line_full"),
        (PAYER, {"cngn": "0.9999999"}, "op_underfunded"),
        (PAYER, {"trustline": False}, "op_src_no_trust"),
        (PAYER, {"authorized": False}, "op_src_not_authorized"),
    ],
)
def test_a_payment_that_cannot_be_made_says_why(world, scribe, whose, switch, code):
    """Faults 23, 24 and 29: every way in which a refund can be impossible."""
    world.fund(whose.public_key, **switch)
    codes = scribe.codes(Payment(TREASURY.public_key, CNGN, "1"))
    assert codes == ["tx_failed", code]


def test_the_destination_is_looked_at_before_the_source(world, scribe):
    world.fund(TREASURY.public_key, trustline=False)
    world.fund(PAYER.public_key, cngn="0")
    codes = scribe.codes(Payment(TREASURY.public_key, CNGN, "1"))
    assert codes == ["tx_failed", "op_no_trust"]


def test_a_trustline_can_be_filled_and_emptied_to_the_last_stroop(world, scribe):
    world.fund(TREASURY.public_key, limit="10", cngn="9")
    world.fund(PAYER.public_key, cngn="1")
    scribe.do(Payment(TREASURY.public_key, CNGN, "1"))
    assert (balance(world, PAYER), balance(world, TREASURY)) == ("0.0000000", "10.0000000")


@pytest.mark.parametrize("amount", [0, -1])
def test_an_amount_that_is_not_positive_is_malformed(scribe, amount):
    assert scribe.codes(payment_of(amount)) == ["tx_failed", "op_malformed"]


def test_the_same_code_of_another_issuer_is_another_asset(world, scribe):
    """Fault 21, I23."""
    scribe.do(ChangeTrust(FOREIGN), source=TREASURY)
    paid = Payment(TREASURY.public_key, FOREIGN, "7")
    scribe.do(paid, source=OTHER)
    assert (balance(world, TREASURY, FOREIGN), balance(world, TREASURY)) == (
        "7.0000000",
        "0.0000000",
    )
    assert world.truth_ledger()["payments"][0]["asset_issuer"] == OTHER.public_key


def test_the_issuer_pays_with_new_money_and_is_paid_into_nothing(world, scribe):
    scribe.do(Payment(TREASURY.public_key, CNGN, "5"), source=ISSUER)
    assert balance(world, TREASURY) == "5.0000000"
    scribe.do(Payment(ISSUER.public_key, CNGN, "5"), source=TREASURY)
    assert balance(world, TREASURY) == "0.0000000"


def test_xlm_moves_down_to_the_reserve_and_no_further(world, scribe):
    """The reserve is half an XLM for each of the two entries of an account and for its trustline."""
    world.fund(PAYER.public_key, xlm="2.5000200")
    pay = Payment(TREASURY.public_key, XLM, "1")
    scribe.do(pay)
    assert balance(world, PAYER, XLM) == "1.5000100"
    assert scribe.codes(Payment(TREASURY.public_key, XLM, "0.0000001")) == [
        "tx_failed",
        "op_underfunded",
    ]


def test_whoever_pays_themselves_has_what_they_had(world, scribe):
    before = balance(world, PAYER)
    scribe.do(Payment(PAYER.public_key, CNGN, "5"), Payment(PAYER.public_key, XLM, "5"))
    assert balance(world, PAYER) == before


# Accounts


def test_an_account_is_opened_with_a_sequence_number_of_its_ledger(world, scribe):
    applied = scribe.do(CreateAccount(NEW.public_key, "10"))
    opened = account(world, NEW)
    assert opened["sequence"] == str(applied["ledger"] << 32)
    assert opened["balances"] == [
        {
            "balance": "10.0000000",
            "buying_liabilities": "0.0000000",
            "selling_liabilities": "0.0000000",
            "asset_type": "native",
        }
    ]
    listed = world.ask(f"/horizon/accounts/{NEW.public_key}/payments")["_embedded"]["records"]
    assert [row["type"] for row in listed] == ["create_account"]


@pytest.mark.parametrize(
    ("address", "amount", "code"),
    [
        (OTHER.public_key, "10", "op_already_exists"),
        (NEW.public_key, "0.9999999", "op_low_reserve"),
        (NEW.public_key, "9999", "op_underfunded"),
    ],
)
def test_an_account_that_cannot_be_opened_says_why(scribe, address, amount, code):
    assert scribe.codes(CreateAccount(address, amount)) == ["tx_failed", code]


def test_a_merged_account_is_gone_and_its_xlm_is_not(world, scribe):
    scribe.do(CreateAccount(NEW.public_key, "10"))
    before = balance(world, OTHER, XLM)
    scribe.do(AccountMerge(OTHER.public_key), source=NEW)
    assert world.http.get(f"{world.horizon_url}/accounts/{NEW.public_key}").status_code == 404
    assert balance(world, OTHER, XLM).startswith(str(int(before.split(".")[0]) + 9))
    assert scribe.codes(Payment(NEW.public_key, XLM, "1")) == ["tx_failed", "op_no_destination"]
    listed = world.ask(f"/horizon/accounts/{NEW.public_key}/payments")["_embedded"]["records"]
    assert [row["type"] for row in listed] == ["create_account", "account_merge"]
    assert "amount" not in listed[1]


@pytest.mark.parametrize(
    ("heir", "code"),
    [
        (TREASURY, "op_has_sub_entries"),
        (NEW, "op_no_account"),
        (PAYER, "op_malformed"),
    ],
)
def test_an_account_that_cannot_be_merged_says_why(scribe, heir, code):
    assert scribe.codes(AccountMerge(heir.public_key)) == ["tx_failed", code]


# Payments by a path


def test_a_payer_without_any_cngn_pays_by_a_path(world, scribe):
    """Fault 18: the deposit is there, and a refund to its payer has nowhere to go."""
    world.fund(PAYER.public_key, trustline=False)
    exact = PathPaymentStrictReceive(TREASURY.public_key, XLM, "60", CNGN, "50.3", [])
    applied = scribe.do(exact)
    assert balance(world, TREASURY) == "50.3000000"
    result = xdr.TransactionResult.from_xdr(applied["result_xdr"]).result.results[0].tr
    assert result.path_payment_strict_receive_result.success.last.amount.int64 == 503_000_000
    [row] = world.ask(f"/horizon/accounts/{TREASURY.public_key}/payments")["_embedded"]["records"]
    assert row["type"] == "path_payment_strict_receive"
    assert (row["amount"], row["asset_code"]) == ("50.3000000", "cNGN")
    assert (row["source_amount"], row["source_max"]) == ("50.3000000", "60.0000000")
    assert (row["source_asset_type"], row["path"]) == ("native", [])


def test_a_path_can_begin_with_an_exact_amount(world, scribe):
    sent = PathPaymentStrictSend(TREASURY.public_key, CNGN, "20", CNGN, "19", [FOREIGN])
    scribe.do(sent)
    [row] = world.ask(f"/horizon/accounts/{TREASURY.public_key}/payments")["_embedded"]["records"]
    assert row["type"] == "path_payment_strict_send"
    assert (row["amount"], row["destination_min"]) == ("20.0000000", "19.0000000")
    assert (row["source_amount"], row["source_asset_code"]) == ("20.0000000", "cNGN")
    assert [step["asset_issuer"] for step in row["path"]] == [OTHER.public_key]


def test_a_path_payment_may_go_to_a_muxed_account(world, scribe):
    muxed = MuxedAccount(TREASURY.public_key, 42)
    scribe.do(PathPaymentStrictSend(muxed, XLM, "20", CNGN, "19", []))
    [row] = world.ask(f"/horizon/accounts/{TREASURY.public_key}/payments")["_embedded"]["records"]
    assert (row["to"], row["to_muxed_id"]) == (TREASURY.public_key, "42")


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        (
            PathPaymentStrictReceive(TREASURY.public_key, XLM, "50", CNGN, "51", []),
            "op_over_source_max",
        ),
        (
            PathPaymentStrictSend(TREASURY.public_key, XLM, "50", CNGN, "51", []),
            "op_under_dest_min",
        ),
        (
            PathPaymentStrictSend(TREASURY.public_key, FOREIGN, "50", CNGN, "1", []),
            "op_src_no_trust",
        ),
        (PathPaymentStrictSend(NEW.public_key, XLM, "50", CNGN, "1", []), "op_no_destination"),
    ],
)
def test_a_path_payment_that_cannot_be_made_says_why(world, scribe, operation, code):
    assert scribe.codes(operation) == ["tx_failed", code]
    own = f"/horizon/accounts/{PAYER.public_key}/payments"
    [row] = world.ask(own, include_failed="true")["_embedded"]["records"]
    assert "0.0000000" in (row["amount"], row["source_amount"])

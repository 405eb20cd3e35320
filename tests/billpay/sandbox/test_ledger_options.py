"""Operations that move nothing, and the clawback, with the real SDK over a real socket."""

import base64

import pytest
from stellar_sdk import (
    Asset,
    BumpSequence,
    ChangeTrust,
    Clawback,
    Keypair,
    ManageData,
    Payment,
    SetOptions,
    SetTrustLineFlags,
    Signer,
    TrustLineFlags,
)
from stellar_sdk.operation.set_options import AuthorizationFlag

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


# Trustlines


def test_a_trustline_is_opened_limited_and_closed(world, scribe):
    scribe.do(ChangeTrust(FOREIGN, "100"))
    assert balance(world, PAYER, FOREIGN) == "0.0000000"
    assert account(world, PAYER)["subentry_count"] == 2
    scribe.do(Payment(PAYER.public_key, FOREIGN, "60"), source=OTHER)
    assert scribe.codes(ChangeTrust(FOREIGN, "59")) == ["tx_failed", "op_invalid_limit"]
    assert scribe.codes(ChangeTrust(FOREIGN, "0")) == ["tx_failed", "op_invalid_limit"]
    scribe.do(Payment(OTHER.public_key, FOREIGN, "60"))
    scribe.do(ChangeTrust(FOREIGN, "0"))
    assert balance(world, PAYER, FOREIGN) is None


@pytest.mark.parametrize(
    ("asset", "limit", "code"),
    [
        (Asset("X", NEW.public_key), "1", "op_no_issuer"),
        (Asset("X", OTHER.public_key), "0", "op_invalid_limit"),
        (Asset("X", PAYER.public_key), "1", "op_malformed"),
        (XLM, "1", "op_malformed"),
    ],
)
def test_a_trustline_that_cannot_be_opened_says_why(scribe, asset, limit, code):
    assert scribe.codes(ChangeTrust(asset, limit)) == ["tx_failed", code]


def test_an_entry_needs_its_reserve(world, scribe):
    world.fund(PAYER.public_key, xlm="1.9999999")
    other = Signer.ed25519_public_key(OTHER.public_key, 1)
    for operation in (ChangeTrust(FOREIGN), ManageData("x", "y"), SetOptions(signer=other)):
        assert scribe.codes(operation) == ["tx_failed", "op_low_reserve"]


def test_the_issuer_can_freeze_and_thaw_a_trustline(world, scribe):
    """Fault 29."""
    flag = TrustLineFlags.AUTHORIZED_FLAG
    scribe.do(SetTrustLineFlags(PAYER.public_key, CNGN, clear_flags=flag), source=ISSUER)
    [line, _] = account(world, PAYER)["balances"]
    assert line["is_authorized"] is False
    paid = Payment(TREASURY.public_key, CNGN, "1")
    assert scribe.codes(paid) == ["tx_failed", "op_src_not_authorized"]
    scribe.do(SetTrustLineFlags(PAYER.public_key, CNGN, set_flags=flag), source=ISSUER)
    assert scribe.do(paid)["successful"]


@pytest.mark.parametrize(
    ("whose", "source", "code"),
    [
        (NEW, ISSUER, "op_no_trust"),
        (TREASURY, PAYER, "op_malformed"),
        (ISSUER, ISSUER, "op_malformed"),
    ],
)
def test_only_the_issuer_freezes_and_only_what_there_is(scribe, whose, source, code):
    flag = TrustLineFlags.AUTHORIZED_FLAG
    freeze = SetTrustLineFlags(whose.public_key, CNGN, clear_flags=flag)
    assert scribe.codes(freeze, source=source) == ["tx_failed", code]


def test_an_issuer_that_cannot_revoke_cannot_freeze(scribe):
    flag = TrustLineFlags.AUTHORIZED_FLAG
    scribe.do(ChangeTrust(FOREIGN))
    freeze = SetTrustLineFlags(PAYER.public_key, FOREIGN, clear_flags=flag)
    assert scribe.codes(freeze, source=OTHER) == ["tx_failed", "op_cant_revoke"]


def test_an_issuer_that_wants_to_be_asked_leaves_new_trustlines_unauthorised(world, scribe):
    scribe.do(SetOptions(set_flags=AuthorizationFlag.AUTHORIZATION_REQUIRED), source=OTHER)
    scribe.do(ChangeTrust(FOREIGN))
    codes = scribe.codes(Payment(PAYER.public_key, FOREIGN, "1"), source=OTHER)
    assert codes == ["tx_failed", "op_not_authorized"]


def test_only_a_trustline_opened_under_clawback_can_be_clawed_back(world, scribe):
    """Fault 18: a balance can drop without any transaction of ours."""
    take = Clawback(CNGN, PAYER.public_key, "1")
    assert scribe.codes(take, source=ISSUER) == ["tx_failed", "op_not_clawback_enabled"]
    flags = AuthorizationFlag.AUTHORIZATION_REVOCABLE | (
        AuthorizationFlag.AUTHORIZATION_CLAWBACK_ENABLED
    )
    scribe.do(SetOptions(set_flags=flags), source=OTHER)
    scribe.do(ChangeTrust(FOREIGN))
    scribe.do(Payment(PAYER.public_key, FOREIGN, "5"), source=OTHER)
    take = Clawback(FOREIGN, PAYER.public_key, "6")
    assert scribe.codes(take, source=OTHER) == ["tx_failed", "op_underfunded"]
    scribe.do(Clawback(FOREIGN, PAYER.public_key, "2"), source=OTHER)
    assert balance(world, PAYER, FOREIGN) == "3.0000000"
    assert account(world, PAYER)["balances"][1]["is_clawback_enabled"] is True


# Options, data and sequence numbers


def test_an_account_that_demands_a_memo_says_so_in_its_data(world, scribe):
    """Fault 23 (SEP-29): set by its owner or by decree, it reads the same."""
    scribe.do(ManageData("config.memo_required", "1"))
    world.fund(OTHER.public_key, demands_memo=True)
    entry = {"config.memo_required": base64.b64encode(b"1").decode()}
    assert account(world, PAYER)["data"] == account(world, OTHER)["data"] == entry
    scribe.do(ManageData("config.memo_required", None))
    assert account(world, PAYER)["data"] == {}


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        (ManageData("never set", None), "op_data_name_not_found"),
        (SetOptions(signer=Signer.ed25519_public_key(PAYER.public_key, 1)), "op_bad_signer"),
        (SetOptions(signer=Signer.sha256_hash(bytes(32), 1)), "op_bad_signer"),
        (SetOptions(master_weight=256), "op_threshold_out_of_range"),
        (
            SetOptions(set_flags=AuthorizationFlag(1), clear_flags=AuthorizationFlag(1)),
            "op_bad_flags",
        ),
        (SetOptions(set_flags=AuthorizationFlag(16)), "op_unknown_flag"),
        (SetOptions(set_flags=AuthorizationFlag(8)), "op_auth_revocable_required"),
    ],
)
def test_options_that_cannot_be_set_say_why(scribe, operation, code):
    assert scribe.codes(operation) == ["tx_failed", code]


def test_options_are_shown(world, scribe):
    scribe.do(
        SetOptions(
            home_domain="example.org",
            low_threshold=1,
            med_threshold=1,
            high_threshold=1,
            set_flags=AuthorizationFlag.AUTHORIZATION_IMMUTABLE,
            signer=Signer.ed25519_public_key(OTHER.public_key, 3),
        )
    )
    shown = account(world, PAYER)
    assert shown["home_domain"] == "example.org"
    assert shown["thresholds"] == {"low_threshold": 1, "med_threshold": 1, "high_threshold": 1}
    assert shown["flags"]["auth_immutable"] is True
    assert {signer["key"]: signer["weight"] for signer in shown["signers"]} == {
        PAYER.public_key: 1,
        OTHER.public_key: 3,
    }
    assert scribe.codes(SetOptions(set_flags=AuthorizationFlag(1))) == [
        "tx_failed",
        "op_cant_change",
    ]
    scribe.do(SetOptions(signer=Signer.ed25519_public_key(OTHER.public_key, 0)))
    assert len(account(world, PAYER)["signers"]) == 1


def test_sequence_numbers_can_be_given_up(world, scribe):
    here = world.sequence(PAYER.public_key)
    scribe.do(BumpSequence(here + 1000))
    assert world.sequence(PAYER.public_key) == here + 1000
    scribe.do(BumpSequence(5))
    assert world.sequence(PAYER.public_key) == here + 1001

"""Whether an envelope may enter a ledger: each rule by itself, with the real SDK over a real socket."""

import pytest
from stellar_sdk import (
    Asset,
    BumpSequence,
    ChangeTrust,
    Inflation,
    Keypair,
    LiquidityPoolAsset,
    Payment,
    SetOptions,
    Signer,
    TransactionBuilder,
    xdr,
)

from billpay.sandbox import identities
from tests.fixtures.sandbox import CNGN

PAYER, OTHER, CHANNEL = (identities.payer(number) for number in (1, 2, 3))
TREASURY = identities.treasury().public_key
PAID = Payment(TREASURY, CNGN, "5030")
NOBODY = Keypair.from_raw_ed25519_seed(bytes(32))


def xlm_of(world, address):
    return int(
        world.ask(f"/horizon/accounts/{address}")["balances"][-1]["balance"].replace(".", "")
    )


def cngn_of(world, address):
    return world.truth_ledger()["balances"].get(address)


def test_a_good_envelope_moves_money_and_costs_its_fee(world, scribe):
    before = xlm_of(world, PAYER.public_key)
    applied = scribe.do(PAID)
    assert applied["successful"] is True
    assert cngn_of(world, TREASURY) == 50_300_000_000
    assert before - xlm_of(world, PAYER.public_key) == 100
    assert world.sequence(PAYER.public_key) == int(applied["source_account_sequence"])


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"passphrase": "Test SDF Network ; September 2015"}, "tx_bad_auth"),
        ({"signers": []}, "tx_bad_auth"),
        ({"signers": [OTHER]}, "tx_bad_auth"),
        ({"signers": [PAYER, OTHER]}, "tx_bad_auth_extra"),
        ({"sequence": (1 << 32)}, "tx_bad_seq"),
        ({"sequence": (1 << 32) + 2}, "tx_bad_seq"),
        ({"bounds": (0, 1)}, "tx_too_late"),
        ({"bounds": (32_503_680_000, 0)}, "tx_too_early"),
        ({"ledger_bounds": (0, 1)}, "tx_too_late"),
        ({"ledger_bounds": (4_000_000_000, 0)}, "tx_too_early"),
        ({"fee": 99}, "tx_insufficient_fee"),
        ({"source": NOBODY, "sequence": 1}, "tx_no_source_account"),
    ],
)
def test_what_is_refused_at_the_door_costs_nothing(world, scribe, told, code):
    before = xlm_of(world, PAYER.public_key), world.sequence(PAYER.public_key)
    assert scribe.codes(PAID, **told) == [code]
    assert (xlm_of(world, PAYER.public_key), world.sequence(PAYER.public_key)) == before
    assert world.truth_ledger()["payments"] == []


def test_an_envelope_without_operations_is_refused(scribe):
    assert scribe.codes() == ["tx_missing_operation"]


def test_the_fee_must_be_there_above_the_reserve(world, scribe):
    """Fault 24: a wallet without XLM cannot send the cNGN it has; reserve is two entries and one trustline."""
    world.fund(PAYER.public_key, xlm="1.5000099")
    assert scribe.codes(PAID) == ["tx_insufficient_balance"]
    world.fund(PAYER.public_key, xlm="1.50001")
    assert scribe.do(PAID)["successful"]
    assert xlm_of(world, PAYER.public_key) == 15_000_000


def test_each_operation_costs_its_own_fee(scribe):
    assert scribe.do(PAID, PAID, PAID, fee=100)["fee_charged"] == "300"


def test_only_the_base_fee_is_charged_whatever_was_bid(world, scribe):
    applied = scribe.do(PAID, fee=5000)
    assert (applied["max_fee"], applied["fee_charged"]) == ("5000", "100")


def test_time_is_checked_before_the_sequence_number(world, scribe):
    """Fault 25, I10: `tx_too_late` says nothing about whether it was applied."""
    applied = scribe.write(PAID)
    assert world.submit(applied).is_success
    spent = applied.transaction.sequence
    assert scribe.codes(PAID, sequence=spent, bounds=(0, 1)) == ["tx_too_late"]


def test_an_operation_of_another_account_needs_that_accounts_signature(world, scribe):
    """A channel pays fee and sequence number, the wallet the money; both must sign."""
    paid = Payment(TREASURY, CNGN, "1", source=OTHER.public_key)
    codes = scribe.codes(paid, source=CHANNEL)
    assert codes == ["tx_failed", "op_bad_auth"]
    channel_xlm = xlm_of(world, CHANNEL.public_key)
    scribe.do(paid, source=CHANNEL, signers=[CHANNEL, OTHER])
    assert cngn_of(world, OTHER.public_key) == 10_000_000 * 10_000_000 - 10_000_000
    assert channel_xlm - xlm_of(world, CHANNEL.public_key) == 100


def test_an_operation_of_an_account_that_does_not_exist_is_refused(scribe):
    paid = Payment(TREASURY, CNGN, "1", source=NOBODY.public_key)
    codes = scribe.codes(PAID, paid, signers=[PAYER, NOBODY])
    assert codes == ["tx_failed", "op_success", "op_no_source_account"]


def test_further_signers_and_thresholds_count(world, scribe):
    other = Signer.ed25519_public_key(OTHER.public_key, 1)
    scribe.do(SetOptions(signer=other, med_threshold=2, high_threshold=2))
    assert scribe.codes(PAID) == ["tx_failed", "op_bad_auth"]
    assert scribe.do(PAID, signers=[OTHER, PAYER])["successful"]
    assert scribe.do(BumpSequence(0), signers=[OTHER])["successful"]
    assert scribe.codes(SetOptions(home_domain="x"), signers=[OTHER]) == [
        "tx_failed",
        "op_bad_auth",
    ]


def test_a_master_key_without_weight_signs_nothing(scribe):
    other = Signer.ed25519_public_key(OTHER.public_key, 1)
    scribe.do(SetOptions(signer=other, master_weight=0))
    assert scribe.codes(PAID) == ["tx_bad_auth"]
    assert scribe.do(PAID, signers=[OTHER])["successful"]


def test_what_fails_in_its_ledger_costs_fee_and_sequence_number_and_moves_nothing(world, scribe):
    """Operations succeed all or not at all; those that could have been applied say so."""
    world.fund(OTHER.public_key, trustline=False)
    before = xlm_of(world, PAYER.public_key), world.sequence(PAYER.public_key)
    codes = scribe.codes(PAID, Payment(OTHER.public_key, CNGN, "1"), PAID)
    assert codes == ["tx_failed", "op_success", "op_no_trust", "op_success"]
    assert before[0] - xlm_of(world, PAYER.public_key) == 300
    assert world.sequence(PAYER.public_key) == before[1] + 1
    assert world.truth_ledger()["payments"] == []
    assert cngn_of(world, TREASURY) == 0


def test_a_failed_transaction_can_be_looked_up(world, scribe):
    """Fault 20."""
    world.fund(OTHER.public_key, trustline=False)
    failed = scribe.write(Payment(OTHER.public_key, CNGN, "1"))
    assert world.submit(failed).status_code == 400
    record = world.ask(f"/horizon/transactions/{failed.hash_hex()}")
    assert (record["successful"], record["fee_charged"]) == (False, "100")
    result = xdr.TransactionResult.from_xdr(record["result_xdr"])
    assert result.result.code is xdr.TransactionResultCode.txFAILED
    code = result.result.results[0].tr.payment_result.code
    assert code is xdr.PaymentResultCode.PAYMENT_NO_TRUST
    own = f"/horizon/accounts/{PAYER.public_key}/payments"
    assert world.ask(own)["_embedded"]["records"] == []
    [listed] = world.ask(own, include_failed="true")["_embedded"]["records"]
    assert listed["transaction_successful"] is False


def test_a_failed_transaction_posted_again_is_answered_the_same(world, scribe):
    world.fund(OTHER.public_key, trustline=False)
    failed = scribe.write(Payment(OTHER.public_key, CNGN, "1"))
    first, second = world.submit(failed), world.submit(failed)
    assert first.json() == second.json()
    assert second.json()["extras"]["result_codes"]["operations"] == ["op_no_trust"]


def test_operations_this_ledger_does_not_know_are_refused(scribe):
    pool = LiquidityPoolAsset(Asset.native(), CNGN)
    assert scribe.codes(ChangeTrust(pool)) == ["tx_failed", "op_malformed"]
    assert scribe.codes(Inflation()) == ["tx_failed", "op_not_supported"]


# Fee bumps


def bumped(inner, fee_source=OTHER, base_fee=200, signers=(OTHER,)):
    bump = TransactionBuilder.build_fee_bump_transaction(
        fee_source, base_fee, inner, identities.NETWORK_PASSPHRASE
    )
    for signer in signers:
        bump.sign(signer)
    return bump


def test_a_fee_bump_is_paid_by_its_own_account_and_known_by_both_hashes(world, scribe):
    """Fault 18: outer hash in the record, inner memo and operations."""
    inner = scribe.write(PAID)
    before = xlm_of(world, PAYER.public_key), xlm_of(world, OTHER.public_key)
    bump = bumped(inner)
    applied = world.submit(bump.to_xdr()).raise_for_status().json()
    assert applied["hash"] == bump.hash_hex()
    assert applied["fee_bump_transaction"]["hash"] == bump.hash_hex()
    assert applied["inner_transaction"]["hash"] == inner.hash_hex()
    assert (applied["fee_account"], applied["fee_charged"]) == (OTHER.public_key, "200")
    assert (applied["max_fee"], applied["inner_transaction"]["max_fee"]) == ("400", "100")
    assert before[0] == xlm_of(world, PAYER.public_key)
    assert before[1] - xlm_of(world, OTHER.public_key) == 200
    by_inner = world.ask(f"/horizon/transactions/{inner.hash_hex()}")
    assert (by_inner["hash"], by_inner["ledger"]) == (inner.hash_hex(), applied["ledger"])
    [listed] = world.ask(f"/horizon/accounts/{TREASURY}/payments")["_embedded"]["records"]
    assert listed["transaction_hash"] == bump.hash_hex()
    result = xdr.TransactionResult.from_xdr(applied["result_xdr"])
    assert result.result.code is xdr.TransactionResultCode.txFEE_BUMP_INNER_SUCCESS
    assert result.result.inner_result_pair.transaction_hash.hash == inner.hash()


def test_a_fee_bump_tells_of_the_failure_inside_it(world, scribe):
    world.fund(OTHER.public_key, trustline=False)
    inner = scribe.write(Payment(OTHER.public_key, CNGN, "1"))
    response = world.submit(bumped(inner).to_xdr())
    assert response.json()["extras"]["result_codes"] == {
        "transaction": "tx_fee_bump_inner_failed",
        "inner_transaction": "tx_failed",
        "operations": ["op_no_trust"],
    }
    assert world.sequence(PAYER.public_key) == inner.transaction.sequence


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"signers": (PAYER,)}, "tx_bad_auth"),
        ({"signers": (OTHER, PAYER)}, "tx_bad_auth_extra"),
        ({"fee_source": NOBODY, "signers": (NOBODY,)}, "tx_no_source_account"),
    ],
)
def test_a_fee_bump_must_be_right_itself(world, scribe, change, code):
    response = world.submit(bumped(scribe.write(PAID), **change).to_xdr())
    assert response.json()["extras"]["result_codes"] == {"transaction": code}


def test_a_fee_bump_around_a_refused_transaction_is_refused(world, scribe):
    inner = scribe.write(PAID, sequence=7)
    codes = world.submit(bumped(inner).to_xdr()).json()["extras"]["result_codes"]
    assert codes == {"transaction": "tx_fee_bump_inner_failed", "inner_transaction": "tx_bad_seq"}

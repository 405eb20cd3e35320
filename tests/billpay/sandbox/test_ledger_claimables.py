"""Claimable balances by core's rules: made, told of, claimed, and what each costs."""

import pytest
from stellar_sdk import (
    Asset,
    ChangeTrust,
    Claimant,
    ClaimClaimableBalance,
    ClaimPredicate,
    ClawbackClaimableBalance,
    CreateClaimableBalance,
    Payment,
    SetOptions,
)
from stellar_sdk.operation.set_options import AuthorizationFlag

from billpay.sandbox import identities
from tests.fixtures.sandbox import CNGN

MAKER = identities.payer(1)
TAKER = identities.payer(2)
OTHER = identities.payer(3)
ISSUER = identities.issuer()
RESERVE = 5_000_000
UNKNOWN = "00000000" + "ab" * 32

ALWAYS = ClaimPredicate.predicate_unconditional()
NEVER = ClaimPredicate.predicate_not(ALWAYS)
SOON = ClaimPredicate.predicate_before_relative_time(300)
LATER = ClaimPredicate.predicate_not(SOON)


def setting_aside(amount="5", predicate=ALWAYS, *, asset=CNGN, others=()):
    claimants = [Claimant(TAKER.public_key, predicate), *others]
    return CreateClaimableBalance(asset, amount, claimants)


@pytest.fixture
def set_aside(world, scribe):
    """Set an amount aside; answers the balance's id."""

    def done(amount="5", predicate=ALWAYS, **told):
        sent = scribe.write(setting_aside(amount, predicate, **told))
        assert world.submit(sent).status_code == 200
        return sent.transaction.get_claimable_balance_id(0)

    return done


def claiming(balance_id):
    return ClaimClaimableBalance(balance_id)


def look_up(world, balance_id):
    return world.http.get(f"{world.horizon_url}/claimable_balances/{balance_id}")


def claimables(world):
    return world.truth_ledger()["claimable_balances"]


def holding(world, keypair):
    return world.truth_ledger()["balances"][keypair.public_key]


def account(world, keypair):
    return world.ask(f"/horizon/accounts/{keypair.public_key}")


# Making


def test_a_balance_has_the_id_that_its_maker_could_compute_before(world, set_aside):
    balance_id = set_aside("5")
    shown = look_up(world, balance_id).raise_for_status().json()
    assert shown["id"] == balance_id
    assert set(shown) == {
        "_links",
        "id",
        "asset",
        "amount",
        "sponsor",
        "last_modified_ledger",
        "last_modified_time",
        "claimants",
        "flags",
        "paging_token",
    }
    assert (shown["asset"], shown["amount"]) == (f"cNGN:{ISSUER.public_key}", "5.0000000")
    assert shown["sponsor"] == MAKER.public_key
    assert shown["claimants"] == [
        {"destination": TAKER.public_key, "predicate": {"unconditional": True}}
    ]
    assert shown["flags"] == {"clawback_enabled": False}


def test_an_operation_within_a_transaction_is_counted(world, scribe):
    sent = scribe.write(Payment(TAKER.public_key, CNGN, "1"), setting_aside(), source=MAKER)
    assert world.submit(sent).status_code == 200
    assert look_up(world, sent.transaction.get_claimable_balance_id(1)).status_code == 200


def test_every_claimant_costs_the_maker_a_reserve_until_the_money_is_taken(
    world, scribe, set_aside
):
    others = [Claimant(OTHER.public_key), Claimant(ISSUER.public_key)]
    balance_id = set_aside("5", others=others)
    assert account(world, MAKER)["num_sponsoring"] == 3
    world.fund(MAKER.public_key, xlm=f"{(3 + 3) * RESERVE / 10**7}")
    tiny = scribe.post(Payment(TAKER.public_key, Asset.native(), "0.0000001"), source=MAKER)
    assert tiny.json()["extras"]["result_codes"]["transaction"] == "tx_insufficient_balance"
    scribe.do(claiming(balance_id), source=TAKER)
    assert account(world, MAKER)["num_sponsoring"] == 0
    scribe.do(Payment(TAKER.public_key, Asset.native(), "1"), source=MAKER)


def test_a_maker_without_the_reserve_is_refused(world, scribe):
    world.fund(MAKER.public_key, xlm="1.5001")
    assert scribe.codes(setting_aside()) == ["tx_failed", "op_low_reserve"]
    assert claimables(world) == []


def test_only_what_the_maker_has_can_be_set_aside(world, scribe):
    world.fund(MAKER.public_key, cngn="4")
    assert scribe.codes(setting_aside("5")) == ["tx_failed", "op_underfunded"]
    assert scribe.codes(setting_aside("20000", asset=Asset.native()))[1] == "op_underfunded"
    world.fund(MAKER.public_key, authorized=False)
    assert scribe.codes(setting_aside("4")) == ["tx_failed", "op_not_authorized"]
    world.fund(MAKER.public_key, trustline=False)
    assert scribe.codes(setting_aside("4")) == ["tx_failed", "op_no_trust"]


def nested(depth):
    return ALWAYS if depth == 1 else ClaimPredicate.predicate_not(nested(depth - 1))


@pytest.mark.parametrize(
    "made",
    [
        CreateClaimableBalance(CNGN, "0", [Claimant(TAKER.public_key)]),
        CreateClaimableBalance(CNGN, "1", []),
        CreateClaimableBalance(CNGN, "1", [Claimant(TAKER.public_key), Claimant(TAKER.public_key)]),
        setting_aside(predicate=ClaimPredicate.predicate_before_absolute_time(-1)),
        setting_aside(predicate=ClaimPredicate.predicate_before_relative_time(-1)),
        setting_aside(predicate=nested(5)),
    ],
    ids=["nothing", "nobody", "twice", "absolute", "relative", "too deep"],
)
def test_what_could_never_be_claimed_is_malformed(scribe, made):
    assert scribe.codes(made) == ["tx_failed", "op_malformed"]


def test_there_are_ten_claimants_at_most_and_predicates_four_deep(set_aside):
    nine = [Claimant(identities.payer(number).public_key) for number in range(3, 12)]
    assert set_aside("1", nested(4), others=nine)


# Claiming


def test_a_claim_pays_the_claimant_and_ends_the_balance(world, scribe, set_aside):
    balance_id = set_aside("5")
    before = holding(world, TAKER)
    scribe.do(claiming(balance_id), source=TAKER)
    assert holding(world, TAKER) == before + 50_000_000
    assert look_up(world, balance_id).status_code == 404
    assert scribe.codes(claiming(balance_id), source=TAKER) == ["tx_failed", "op_does_not_exist"]
    [told] = claimables(world)
    assert told == {
        "balance_id": balance_id,
        "amount_stroops": 50_000_000,
        "asset": f"cNGN:{ISSUER.public_key}",
        "claimants": [TAKER.public_key],
        "created_by": MAKER.public_key,
        "created_ledger": told["created_ledger"],
        "state": "claimed",
        "claimed_by": TAKER.public_key,
    }


def test_a_claimant_may_come_into_being_after_the_balance(world, scribe):
    newcomer = identities.payer(identities.PAYERS + 1)
    sent = scribe.write(CreateClaimableBalance(CNGN, "5", [Claimant(newcomer.public_key)]))
    world.submit(sent).raise_for_status()
    balance_id = sent.transaction.get_claimable_balance_id(0)
    world.fund(newcomer.public_key, trustline=False)
    assert scribe.codes(claiming(balance_id), source=newcomer) == ["tx_failed", "op_no_trust"]
    scribe.do(ChangeTrust(CNGN), source=newcomer)
    scribe.do(claiming(balance_id), source=newcomer)
    assert holding(world, newcomer) == 50_000_000


def test_a_claim_needs_a_trustline_that_is_authorised_and_has_room(world, scribe, set_aside):
    balance_id = set_aside("5")
    world.fund(TAKER.public_key, cngn="1", limit="5.9999999")
    assert scribe.codes(claiming(balance_id), source=TAKER)[1] == "op_line_full"
    world.fund(TAKER.public_key, authorized=False)
    assert scribe.codes(claiming(balance_id), source=TAKER)[1] == "op_not_authorized"
    world.fund(TAKER.public_key, trustline=False)
    assert scribe.codes(claiming(balance_id), source=TAKER)[1] == "op_no_trust"
    assert look_up(world, balance_id).status_code == 200


def test_nobody_else_can_claim(scribe, set_aside):
    assert scribe.codes(claiming(set_aside()), source=OTHER)[1] == "op_cannot_claim"
    assert scribe.codes(claiming(UNKNOWN), source=OTHER)[1] == "op_does_not_exist"


@pytest.mark.parametrize(
    ("predicate", "can_claim"),
    [
        (ALWAYS, True),
        (NEVER, False),
        (SOON, True),
        (LATER, False),
        (ClaimPredicate.predicate_before_relative_time(0), False),
        (ClaimPredicate.predicate_before_relative_time(2**63 - 1), True),
        (ClaimPredicate.predicate_before_absolute_time(1), False),
        (ClaimPredicate.predicate_before_absolute_time(2**40), True),
        (ClaimPredicate.predicate_and(ALWAYS, SOON), True),
        (ClaimPredicate.predicate_and(ALWAYS, LATER), False),
        (ClaimPredicate.predicate_or(NEVER, SOON), True),
        (ClaimPredicate.predicate_or(NEVER, LATER), False),
    ],
)
def test_a_claim_obeys_its_predicate(world, scribe, set_aside, predicate, can_claim):
    balance_id = set_aside("5", predicate)
    response = scribe.post(claiming(balance_id), source=TAKER)
    assert response.is_success is can_claim
    assert look_up(world, balance_id).is_success is not can_claim


def test_a_time_counted_from_the_making_is_told_as_a_point_in_time(world, set_aside):
    """So the maker who comes back for it can know when."""
    both = ClaimPredicate.predicate_and(ALWAYS, ClaimPredicate.predicate_or(LATER, NEVER))
    balance_id = set_aside("5", both)
    shown = look_up(world, balance_id).json()
    made_at = world.ask(f"/horizon/ledgers/{shown['last_modified_ledger']}")["closed_at"]
    left, right = shown["claimants"][0]["predicate"]["and"]
    bound = right["or"][0]["not"]
    assert left == {"unconditional": True}
    assert right["or"][1] == {"not": {"unconditional": True}}
    assert made_at < bound["abs_before"]
    assert set(bound) == {"abs_before", "abs_before_epoch"}
    assert bound["abs_before_epoch"].isdecimal()


# The issuer


def test_a_balance_of_an_asset_that_can_be_clawed_back_can_be_too(world, scribe, set_aside):
    assert scribe.codes(ClawbackClaimableBalance(UNKNOWN), source=ISSUER)[1] == "op_does_not_exist"
    safe = set_aside("1")
    assert scribe.codes(ClawbackClaimableBalance(safe), source=OTHER)[1] == "op_not_issuer"
    scribe.do(SetOptions(set_flags=AuthorizationFlag.AUTHORIZATION_CLAWBACK_ENABLED), source=ISSUER)
    code = scribe.codes(ClawbackClaimableBalance(safe), source=ISSUER)[1]
    assert code == "op_not_clawback_enabled"
    loose = scribe.write(
        CreateClaimableBalance(CNGN, "2", [Claimant(TAKER.public_key)]), source=ISSUER
    )
    world.submit(loose).raise_for_status()
    balance_id = loose.transaction.get_claimable_balance_id(0)
    assert look_up(world, balance_id).json()["flags"] == {"clawback_enabled": True}
    scribe.do(ClawbackClaimableBalance(balance_id), source=ISSUER)
    assert look_up(world, balance_id).status_code == 404
    kinds = [row["kind"] for row in world.truth_ledger()["payments"]]
    assert kinds == ["transfer", "mint", "clawback"]


# What is told


def test_horizons_payments_leave_claimable_balances_out(world, scribe, set_aside):
    """Only the truth and the holding tell: that is why a balance equation is needed."""
    scribe.do(claiming(set_aside("5")), source=TAKER)
    for keypair in (MAKER, TAKER):
        page = world.ask(f"/horizon/accounts/{keypair.public_key}/payments")
        assert page["_embedded"]["records"] == []
    rows = world.truth_ledger()["payments"]
    assert [row["type"] for row in rows] == ["create_claimable_balance", "claim_claimable_balance"]
    assert [row["from"] for row in rows] == [MAKER.public_key, rows[0]["to"]]
    assert rows[0]["to"].startswith("B")
    assert rows[1]["to"] == TAKER.public_key


def test_a_lagging_server_does_not_know_of_it_yet(world, set_aside):
    """Fault 6: 404 proves nothing."""
    balance_id = set_aside()
    world.ledger_faults(lag_ledgers=100)
    assert look_up(world, balance_id).status_code == 404
    world.ledger_faults(lag_ledgers=0)
    assert look_up(world, balance_id).status_code == 200


def test_an_id_is_72_hex_digits(world):
    response = look_up(world, "12")
    assert response.status_code == 400
    assert response.json()["extras"]["invalid_field"] == "id"
    assert look_up(world, UNKNOWN).status_code == 404


def test_balances_outlive_a_restart(world, scribe, set_aside):
    taken, kept = set_aside("1"), set_aside("2")
    scribe.do(claiming(taken), source=TAKER)
    told = claimables(world)
    world.start()
    assert claimables(world) == told
    assert look_up(world, kept).status_code == 200
    assert account(world, MAKER)["num_sponsoring"] == 1

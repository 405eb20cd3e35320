"""Movements as contract events: topics and data in the XDR that CAP-67 prescribes."""

import pytest
from stellar_sdk import (
    Asset,
    ChangeTrust,
    Claimant,
    Clawback,
    CreateAccount,
    CreateClaimableBalance,
    HashMemo,
    IdMemo,
    Keypair,
    MuxedAccount,
    PathPaymentStrictReceive,
    Payment,
    SetOptions,
    TextMemo,
    scval,
    xdr,
)
from stellar_sdk.operation.set_options import AuthorizationFlag

from billpay.sandbox import identities
from tests.fixtures.sandbox import CNGN

PAYER, OTHER, ISSUER = identities.payer(1), identities.payer(2), identities.issuer()
TREASURY = identities.treasury().public_key
NAME = f"{CNGN.code}:{CNGN.issuer}"
XLM = Asset.native()


@pytest.fixture
def events(world):
    """List the events of an asset, decoded: topics, data, and the event."""

    def told(asset=CNGN, **faults):
        wanted = {"contractIds": [asset.contract_id(identities.NETWORK_PASSPHRASE)]}
        call = {"jsonrpc": "2.0", "id": 1, "method": "getEvents"}
        params = {"startLedger": 1, "filters": [wanted]}
        answer = world.http.post(f"{world.url}/rpc", json=call | {"params": params}).json()
        return [
            (
                [read(topic) for topic in one["topic"]],
                read(one["value"]),
                one,
            )
            for one in answer["result"]["events"]
        ]

    return told


def read(text):
    value = scval.to_native(text)
    return value.address if hasattr(value, "address") else value


def only(events):
    ((topics, value, _),) = events
    return topics, value


def test_a_payment_is_a_transfer_of_its_asset(scribe, events):
    scribe.do(Payment(TREASURY, CNGN, "5"))
    topics, value = only(events())
    assert topics == ["transfer", PAYER.public_key, TREASURY, NAME]
    assert value == 50_000_000


@pytest.mark.parametrize(
    ("memo", "mark", "kind"),
    [
        (TextMemo("BILL-x"), "BILL-x", xdr.SCValType.SCV_STRING),
        (TextMemo(b"\xff\0"), b"\xff\0", xdr.SCValType.SCV_STRING),
        (IdMemo(42), 42, xdr.SCValType.SCV_U64),
        (HashMemo(bytes(31) + b"\1"), bytes(31) + b"\1", xdr.SCValType.SCV_BYTES),
    ],
)
def test_a_memo_marks_whom_it_was_for(scribe, events, memo, mark, kind):
    scribe.do(Payment(TREASURY, CNGN, "5"), memo=memo)
    ((_, value, event),) = events()
    assert value == {"amount": 50_000_000, "to_muxed_id": mark}
    entries = xdr.SCVal.from_xdr(event["value"]).map.sc_map
    assert [one.key.sym.sc_symbol for one in entries] == [b"amount", b"to_muxed_id"]
    assert entries[1].val.type is kind


def test_a_destinations_number_goes_before_the_memo(scribe, events):
    scribe.do(Payment(MuxedAccount(TREASURY, 0).account_muxed, CNGN, "5"), memo=IdMemo(7))
    topics, value = only(events())
    assert topics[2] == TREASURY
    assert value == {"amount": 50_000_000, "to_muxed_id": 0}


def test_what_the_issuer_gives_is_minted_and_what_it_gets_is_burnt(scribe, events):
    scribe.do(Payment(TREASURY, CNGN, "5"), source=ISSUER, memo=TextMemo("m"))
    scribe.do(Payment(ISSUER.public_key, CNGN, "1"), memo=TextMemo("m"))
    minted, burnt = events()
    assert minted[0] == ["mint", TREASURY, NAME]
    assert minted[1] == {"amount": 50_000_000, "to_muxed_id": "m"}
    assert burnt[:2] == (["burn", PAYER.public_key, NAME], 10_000_000)


def test_a_path_ends_with_a_transfer_and_only_that_one_is_marked(scribe, events):
    path = PathPaymentStrictReceive(TREASURY, XLM, "9", CNGN, "5", [CNGN])
    scribe.do(path, memo=TextMemo("BILL-p"))
    told = events()
    topics, value, event = told[-1]
    assert topics == ["transfer", PAYER.public_key, TREASURY, NAME]
    assert value == {"amount": 50_000_000, "to_muxed_id": "BILL-p"}
    assert all("to_muxed_id" not in str(one[1]) for one in told[:-1])
    assert event["operationIndex"] == 0


def test_claimable_balances_are_parties_of_their_own(world, scribe, events):
    sent = scribe.write(
        CreateClaimableBalance(CNGN, "5", [Claimant(OTHER.public_key)]), memo=TextMemo("m")
    )
    world.submit(sent)
    balance_id = sent.transaction.get_claimable_balance_id(0)
    world.tell("/world/ledger/claims", {"balance_id": balance_id, "claimant": 2})
    made, claimed = events()
    assert made[0][1] == PAYER.public_key
    assert made[0][2].startswith("B")
    assert made[1] == 50_000_000, "a balance has no memo"
    assert claimed[0][1:3] == [made[0][2], OTHER.public_key]


def test_a_clawback_tells_whom_it_was_taken_from(world, scribe, events):
    flags = AuthorizationFlag.AUTHORIZATION_REVOCABLE
    clawback = AuthorizationFlag.AUTHORIZATION_CLAWBACK_ENABLED
    scribe.do(SetOptions(set_flags=flags | clawback), source=ISSUER)
    newcomer = Keypair.from_raw_ed25519_seed(bytes(32))
    scribe.do(CreateAccount(newcomer.public_key, "100"))
    scribe.do(ChangeTrust(CNGN), source=newcomer)
    scribe.do(Payment(newcomer.public_key, CNGN, "5"))
    scribe.do(Clawback(CNGN, newcomer.public_key, "2"), source=ISSUER)
    topics, value, _ = events()[-1]
    assert topics == ["clawback", newcomer.public_key, NAME]
    assert value == 20_000_000


def test_a_contracts_transfers_count_within_their_operation(world, events):
    more = {"amount": "7", "more": ["8"], "destination_id": 3}
    told = world.tell("/world/ledger/wallets/1/transfers", more)
    one, two = events()
    assert one[0][1:3] == [told["from"], TREASURY]
    assert (one[1], two[1]) == (
        {"amount": 70_000_000, "to_muxed_id": 3},
        {"amount": 80_000_000, "to_muxed_id": 3},
    )
    assert [one[2]["id"][-10:], two[2]["id"][-10:]] == ["0000000000", "0000000001"]
    assert one[2]["id"][:19] == two[2]["id"][:19]


def test_ids_count_operations_from_zero_where_horizon_counts_from_one(world, scribe, events):
    applied = scribe.do(Payment(TREASURY, CNGN, "1"), Payment(TREASURY, CNGN, "2"))
    places = [int(one["id"].partition("-")[0]) for _, _, one in events()]
    assert places == [int(applied["paging_token"]), int(applied["paging_token"]) + 1]
    assert [one["operationIndex"] for _, _, one in events()] == [0, 1]
    assert {one["transactionIndex"] for _, _, one in events()} == {1}
    assert {one["ledgerClosedAt"] for _, _, one in events()} == {applied["created_at"]}


def test_every_transaction_pays_a_fee_and_what_failed_moves_nothing(world, scribe, events):
    world.submit(scribe.write(Payment(TREASURY, CNGN, "99999999")))
    topics, value = only(events(XLM))
    assert (topics, value) == (["fee", PAYER.public_key], 100)
    assert events() == []


def test_a_core_that_was_not_told_to_tells_only_what_contracts_did(world, events):
    world.pay(None, "1")
    world.tell("/world/ledger/wallets/1/transfers", {"amount": "7"})
    world.tell("/world/rpc/faults", {"unified_events": False})
    topics, _ = only(events())
    assert topics[1] == identities.wallet(1)
    assert events(XLM) == []

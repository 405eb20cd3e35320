"""What every source of the ledger must tell the same, whichever server it asks; and that both name it alike.

A third source is one more counterpart: it is held to everything here.
"""

import hashlib
from dataclasses import replace

import pytest
import pytest_asyncio
from stellar_sdk import (
    Asset,
    ChangeTrust,
    Claimant,
    CreateClaimableBalance,
    HashMemo,
    IdMemo,
    ManageData,
    MuxedAccount,
    PathPaymentStrictReceive,
    PathPaymentStrictSend,
    Payment,
    ReturnHashMemo,
    TextMemo,
)

from billpay.domain.money import cngn
from billpay.failures import Ambiguous, Misconfigured, Unavailable
from billpay.ledger.positions import ledger_of, position_of, require_history, require_network
from billpay.ledger.sources import REGISTRY
from billpay.sandbox import identities
from tests.conformance.ledgers import (
    BEGINNING,
    COUNTERPARTS,
    ISSUER,
    PAYER,
    TREASURY,
    WALLET,
    HeldClock,
    Town,
    asset,
    credits_of,
    debits_of,
    read,
)
from tests.fixtures.sandbox import Sandbox

CNGN = asset()
OTHER = identities.payer(2)
XLM = Asset.native()
LOOK_ALIKE = "\N{CYRILLIC CAPITAL LETTER VE}ILL-t".encode()
HASH = hashlib.sha256(b"ledger sources, a memo").digest()


@pytest.fixture
def town(sandbox_stage) -> Town:
    """A fresh world whose ledgers close twenty times a second."""
    world = Sandbox(stage=sandbox_stage, http=sandbox_stage.http, ledger_seconds=0.05)
    world.start()
    return Town(world)


@pytest.fixture(params=COUNTERPARTS, ids=lambda one: one.kind)
def server(request):
    return request.param


@pytest_asyncio.fixture
async def source(town, server):
    source = server.build(town.world)
    yield source
    await source.close()


@pytest_asyncio.fixture
async def both(town):
    """Every source there is, over the same ledger."""
    sources = [server.build(town.world) for server in COUNTERPARTS]
    yield sources
    for source in sources:
        await source.close()


def muxed(number, account=WALLET):
    return MuxedAccount(account, number).account_muxed


async def the_credit(source):
    (credit,) = credits_of(await read(source))
    return credit


async def hand_in(source, envelope):
    return await source.submit(envelope.to_xdr(), envelope.hash_hex())


def test_every_source_of_the_registry_is_held_to_this():
    assert {one.kind for one in COUNTERPARTS} == set(REGISTRY)


# What is a credit, and what it says


@pytest.mark.parametrize(
    ("operation", "amount"),
    [
        (Payment(WALLET, CNGN, "5030"), "5030"),
        (PathPaymentStrictReceive(WALLET, XLM, "900", CNGN, "5", []), "5"),
        (PathPaymentStrictReceive(WALLET, XLM, "900", CNGN, "6", [CNGN]), "6"),
        (PathPaymentStrictSend(WALLET, XLM, "7", CNGN, "1", []), "7"),
        (PathPaymentStrictReceive(WALLET, CNGN, "900", CNGN, "8", []), "8"),
    ],
    ids=["payment", "strict receive", "with a path", "strict send", "of the same asset"],
)
async def test_what_arrived_is_credited_however_it_was_sent(town, source, operation, amount):
    """Fault 3."""
    applied = town.do(operation, memo=TextMemo("BILL-x"))
    credit = await the_credit(source)
    assert credit.amount == cngn(amount)
    assert credit.payer == PAYER.public_key
    assert (credit.memo_type, credit.memo, credit.alias) == ("text", b"BILL-x", None)
    assert credit.operation_id == credit.paging_token == str(int(applied["paging_token"]) + 1)
    assert credit.transaction_hash == applied["hash"]
    assert credit.ledger == applied["ledger"]
    assert credit.closed_at.isoformat() == applied["created_at"].replace("Z", "+00:00")


async def test_a_contracts_transfers_are_credited_each_under_a_name_of_its_own(town, source):
    """I1: the first is named as the operation itself, wherever it is read."""
    told = town.world.tell("/world/ledger/wallets/1/transfers", {"amount": "7", "more": ["8", "9"]})
    came = credits_of(await read(source))
    assert [one.amount for one in came] == [cngn("7"), cngn("8"), cngn("9")]
    assert {one.payer for one in came} == {identities.wallet(1)} == {told["from"]}
    first = came[0].operation_id
    assert [one.operation_id for one in came] == [first, f"{first}-1", f"{first}-2"]
    assert {one.paging_token for one in came} == {first}


async def test_a_contracts_transfer_names_its_order_by_the_destinations_number(town, source):
    town.world.tell(
        "/world/ledger/wallets/1/transfers", {"amount": "7", "destination_id": 2**64 - 1}
    )
    assert (await the_credit(source)).alias == 2**64 - 1


@pytest.mark.parametrize("number", [0, 7, 2**64 - 1])
async def test_a_multiplexed_destination_names_an_order_whatever_the_memo_says(
    town, source, number
):
    town.do(Payment(muxed(number), CNGN, "1"), memo=TextMemo("BILL-y"))
    credit = await the_credit(source)
    assert (credit.alias, credit.memo) == (number, b"BILL-y")
    town.do(Payment(muxed(number), CNGN, "1"), memo=IdMemo(99))
    assert [one.alias for one in credits_of(await read(source))] == [number, number]


@pytest.mark.parametrize("number", [0, 7, 2**64 - 1])
async def test_a_multiplexed_payer_gets_its_money_back_under_its_number(town, source, number):
    payer = muxed(number, PAYER.public_key)
    town.do(Payment(WALLET, CNGN, "1", source=payer))
    town.do(PathPaymentStrictSend(WALLET, XLM, "1", CNGN, "1", []), named=payer)
    assert [one.payer for one in credits_of(await read(source))] == [payer, payer]


async def test_the_operations_source_is_the_payer_not_the_transactions(town, source):
    town.do(
        Payment(WALLET, CNGN, "1", source=OTHER.public_key), source=PAYER, signers=[PAYER, OTHER]
    )
    assert (await the_credit(source)).payer == OTHER.public_key


async def test_a_fee_bump_is_known_by_its_own_hash_and_has_the_memo_that_it_wraps(town, source):
    """Fault 9."""
    applied = town.do(Payment(WALLET, CNGN, "1"), memo=TextMemo("BILL-z"), bumped_by=OTHER)
    credit = await the_credit(source)
    inner = applied["inner_transaction"]["hash"]
    assert credit.transaction_hash == applied["hash"] != inner
    assert (credit.memo, credit.payer) == (b"BILL-z", PAYER.public_key)
    by_either = [await source.transaction(one) for one in (applied["hash"], inner)]
    assert [one.successful for one in by_either] == [True, True]
    assert [one.transaction_hash for one in by_either] == [applied["hash"], inner]


async def test_several_payments_in_one_transaction_share_its_memo_and_nothing_else(town, source):
    """Fault 10."""
    others = ManageData("a note", "in between")
    town.do(Payment(WALLET, CNGN, "1"), others, Payment(WALLET, CNGN, "2"), memo=TextMemo("BILL-s"))
    one, two = credits_of(await read(source))
    assert (one.amount, two.amount) == (cngn("1"), cngn("2"))
    assert one.memo == two.memo == b"BILL-s"
    assert int(two.operation_id) - int(one.operation_id) == 2


@pytest.mark.parametrize(
    ("memo", "told"),
    [
        (None, ("none", None, None)),
        (TextMemo("BILL-t"), ("text", b"BILL-t", None)),
        (TextMemo(""), ("text", b"", None)),
        (TextMemo("  BILL-t "), ("text", b"  BILL-t ", None)),
        (TextMemo(LOOK_ALIKE), ("text", LOOK_ALIKE, None)),
        (TextMemo(b"BILL\xff\xfe"), ("text", b"BILL\xff\xfe", None)),
        (TextMemo(b"BILL\0-t"), ("text", b"BILL\0-t", None)),
        (IdMemo(0), ("id", None, 0)),
        (IdMemo(2**64 - 1), ("id", None, 2**64 - 1)),
        (HashMemo(HASH), ("hash", None, None)),
        (ReturnHashMemo(HASH), ("return", None, None)),
    ],
    ids=[
        "none", "text", "empty text", "spaces", "look-alike letter", "invalid UTF-8", "NUL",
        "id 0", "largest id", "hash", "returned hash",
    ],
)  # fmt: skip
async def test_a_memo_is_its_kind_and_its_bytes(town, source, memo, told):
    """Faults 5 to 8: nothing is cleaned, guessed or taken for something else."""
    town.do(Payment(WALLET, CNGN, "1"), memo=memo)
    credit = await the_credit(source)
    assert (credit.memo_type, credit.memo, credit.alias) == told


async def test_money_from_the_issuer_is_a_credit_of_the_issuers(town, source):
    town.do(Payment(muxed(5), CNGN, "3"), source=ISSUER, memo=TextMemo("BILL-m"))
    credit = await the_credit(source)
    assert (credit.payer, credit.amount) == (ISSUER.public_key, cngn("3"))
    assert (credit.memo, credit.alias) == (b"BILL-m", 5)


# What is none


async def test_look_alikes_dust_and_strangers_money_are_no_credits(town, source):
    """I23: another issuer, another spelling, XLM, an account's own money, somebody else's."""
    other_issuer, other_code = asset(issuer=OTHER), asset("CNGN")
    trusting = [ChangeTrust(one, source=WALLET) for one in (other_issuer, other_code)]
    town.do(*trusting, source=TREASURY)
    town.do(Payment(WALLET, other_issuer, "1"), source=OTHER)
    town.do(Payment(WALLET, other_code, "1"), source=ISSUER)
    town.do(Payment(WALLET, XLM, "0.0000001"), Payment(OTHER.public_key, CNGN, "1"))
    town.do(Payment(WALLET, CNGN, "5"), memo=TextMemo("BILL-r"))
    assert (await the_credit(source)).amount == cngn("5")
    assert debits_of(await read(source)) == []


async def test_what_failed_in_its_ledger_is_no_credit(town, source):
    town.fail(Payment(WALLET, CNGN, "1"), Payment(WALLET, CNGN, "99999999"))
    assert credits_of(await read(source)) == []


async def test_our_own_refunds_are_debits_and_never_credits(town, source):
    town.do(Payment(WALLET, CNGN, "10"))
    sent = town.do(
        Payment(muxed(3, PAYER.public_key), CNGN, "4"),
        Payment(WALLET, CNGN, "2"),
        Payment(ISSUER.public_key, CNGN, "1"),
        source=TREASURY,
    )
    pages = await read(source)
    assert [one.amount for one in credits_of(pages)] == [cngn("10")]
    refund, burnt = debits_of(pages)
    assert (refund.amount, refund.destination) == (cngn("4"), PAYER.public_key)
    assert refund.operation_id == str(int(sent["paging_token"]) + 1)
    assert (refund.transaction_hash, refund.ledger) == (sent["hash"], sent["ledger"])
    assert (burnt.amount, burnt.destination) == (cngn("1"), None)
    holding = (await source.account(WALLET)).holding
    assert holding == cngn("5") == sum(c.amount for c in credits_of(pages)) - cngn("5")


# Both name it alike


def busy_town(town):
    """Let about everything happen that a wallet sees."""
    town.do(Payment(WALLET, CNGN, "100"), memo=TextMemo("BILL-a"))
    town.do(*[Payment(WALLET, CNGN, str(n)) for n in range(1, 8)], memo=TextMemo("BILL-b"))
    town.do(Payment(WALLET, XLM, "1"), Payment(muxed(9), CNGN, "3"), bumped_by=OTHER)
    town.fail(Payment(WALLET, CNGN, "99999999"))
    more = {"amount": "7", "more": ["8", "9", "10"], "destination_id": 12}
    town.world.tell("/world/ledger/wallets/1/transfers", more)
    town.do(Payment(PAYER.public_key, CNGN, "50"), source=TREASURY)
    town.do(PathPaymentStrictReceive(WALLET, XLM, "50", CNGN, "11", [CNGN]), memo=IdMemo(4))
    town.do(Payment(WALLET, CNGN, "12"), source=ISSUER, memo=HashMemo(HASH))
    town.do(PathPaymentStrictSend(muxed(1), XLM, "13", CNGN, "1", []), memo=ReturnHashMemo(HASH))
    payer = muxed(8, OTHER.public_key)
    town.do(Payment(WALLET, CNGN, "14", source=payer), source=OTHER, memo=TextMemo(b"\xff\0"))


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 200])
async def test_both_tell_the_same_credits_and_debits_under_the_same_names(town, both, limit):
    """I1: a deposit that had two names would be credited twice."""
    busy_town(town)
    told = [await read(source, limit=limit) for source in both]
    came, left = ([part(pages) for pages in told] for part in (credits_of, debits_of))
    assert came[0] == came[1]
    assert left[0] == left[1]
    assert (len(came[0]), len(left[0])) == (17, 1)
    assert not [page.unreadable for pages in told for page in pages if page.unreadable]
    assert sorted(came[0], key=lambda one: int(one.paging_token)) == came[0]


async def test_every_page_of_one_may_be_followed_by_the_others(town, both):
    """A cursor is the same place at every server."""
    busy_town(town)
    everything = credits_of(await read(both[0]))
    for first, second in (both, both[::-1]):
        for limit in (1, 3, 4):
            pages, cursor, turn = [], BEGINNING, 0
            while not pages or pages[-1].is_full or turn % 2:
                source = (first, second)[turn % 2]
                pages.append(await source.credits_after(WALLET, cursor, limit))
                cursor, turn = pages[-1].cursor, turn + 1
            pages += await read(second, cursor=cursor)
            assert credits_of(pages) == everything


async def test_a_credits_own_place_is_a_cursor_right_behind_it(town, both):
    busy_town(town)
    everything = credits_of(await read(both[0]))
    for credit in everything:
        behind = [one for one in everything if int(one.paging_token) > int(credit.paging_token)]
        for source in both:
            assert credits_of(await read(source, cursor=credit.paging_token)) == behind


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_a_page_may_end_between_the_transactions_of_one_ledger(town, limit):
    """Fault 12: nothing is lost between two pages of one ledger."""
    clock = HeldClock()
    held = town.at(clock)
    for number in range(1, 7):
        payments = [Payment(WALLET, CNGN, f"{number}{n}") for n in range(2)]
        held.queue(*payments, source=identities.payer(number))
    clock.close_ledgers(2)
    told = []
    for server in COUNTERPARTS:
        source = server.build(held.world)
        told.append(credits_of(await read(source, limit=limit)))
        await source.close()
    assert told[0] == told[1]
    assert len({one.ledger for one in told[0]}) == 1
    assert [one.amount for one in told[0]] == [
        cngn(f"{number}{n}") for number in range(1, 7) for n in range(2)
    ]


# How far it has read


async def test_an_empty_page_goes_no_further_than_was_read(town, source):
    tip = await source.tip()
    page = await source.credits_after(WALLET, position_of(tip.ledger), 200)
    assert not page.credits
    assert not page.is_full
    read_up_to = (await source.tip()).ledger
    assert tip.ledger <= ledger_of(page.cursor) <= read_up_to
    town.do(Payment(WALLET, CNGN, "1"))
    assert len(credits_of(await read(source, cursor=page.cursor))) == 1


async def test_a_cursor_in_a_ledger_that_is_still_to_come_finds_nothing_new(town, source):
    town.do(Payment(WALLET, CNGN, "1"))
    cursor = position_of((await source.tip()).ledger + 1_000)
    page = await source.credits_after(WALLET, cursor, 200)
    assert (list(page.credits), page.cursor, page.is_full) == ([], cursor, False)


async def test_a_server_that_lags_or_was_rewound_is_waited_for_and_loses_nothing(
    town, source, server
):
    """Faults 15 and 16."""
    town.do(Payment(WALLET, CNGN, "1"))
    (page,) = await read(source)
    last = town.do(Payment(WALLET, CNGN, "2"))
    server.turn(town.world, rewind_to_ledger=last["ledger"] - 1)
    assert (await source.tip()).ledger < last["ledger"]
    behind = await source.credits_after(WALLET, page.cursor, 200)
    assert not behind.credits
    assert int(behind.cursor) < int(last["paging_token"])
    with pytest.raises(Unavailable, match="lags behind"):
        await require_history(source, last["paging_token"])
    server.turn(town.world, rewind_to_ledger=None)
    assert [one.amount for one in credits_of(await read(source, cursor=behind.cursor))] == [
        cngn("2")
    ]


async def test_a_history_that_begins_after_the_cursor_stops_everything(town, source, server):
    """Fault 14: what was deleted is never skipped without a word."""
    lost = town.do(Payment(WALLET, CNGN, "1"))
    kept = town.do(Payment(WALLET, CNGN, "2"))
    server.forget(town.world, before=kept["ledger"])
    assert (await source.tip()).oldest_ledger == kept["ledger"]
    with pytest.raises(Misconfigured, match="would be missed"):
        await require_history(source, position_of(lost["ledger"]))
    cursor = position_of(kept["ledger"])
    await require_history(source, cursor)
    assert [one.amount for one in credits_of(await read(source, cursor=cursor))] == [cngn("2")]


async def test_the_tip_tells_ledger_time_and_network(source):
    tip = await require_network(source, identities.NETWORK_PASSPHRASE)
    assert tip.ledger >= tip.oldest_ledger == 1
    assert tip.closed_at.tzinfo is not None
    with pytest.raises(Misconfigured, match="reads the network"):
        await require_network(source, "another network")


async def test_both_tell_the_same_of_the_same_ledger(town):
    clock = HeldClock()
    held = town.at(clock)
    clock.close_ledgers(7)
    sources = [server.build(held.world) for server in COUNTERPARTS]
    # When its oldest ledger closed, Horizon does not say.
    tips = [replace(await one.tip(), oldest_closed_at=None) for one in sources]
    assert tips[0] == tips[1]
    accounts = [await one.account(PAYER.public_key) for one in sources]
    assert accounts[0] == accounts[1]
    for one in sources:
        await one.close()


@pytest.mark.parametrize("fault", ["429", "503", "504", "html", "truncated"])
async def test_a_page_that_fails_says_nothing_and_may_be_asked_for_again(
    town, source, server, fault
):
    """Faults 17 to 19."""
    town.do(Payment(WALLET, CNGN, "1"))
    server.fail(town.world, fault)
    with pytest.raises(Unavailable) as failure:
        await read(source)
    assert failure.value.retry_after_seconds == (7 if fault == "429" else None)
    assert town.world.url not in failure.value.detail
    assert len(credits_of(await read(source))) == 1


# Accounts and what is set aside


async def test_an_account_tells_what_it_holds_and_whether_it_may_receive(town, source):
    town.world.fund(OTHER.public_key, cngn="12.5", xlm="100")
    account = await source.account(OTHER.public_key)
    assert account.address == OTHER.public_key
    assert account.can_receive
    assert not account.demands_memo
    assert account.balance == account.holding == cngn("12.5")
    assert account.native_balance == cngn("100")
    assert account.sequence == town.world.sequence(OTHER.public_key)
    assert account.as_of_ledger is not None


@pytest.mark.parametrize(
    ("switch", "can_receive", "demands_memo"),
    [
        ({"trustline": False}, False, False),
        ({"authorized": False}, False, False),
        ({"demands_memo": True}, True, True),
    ],
    ids=["no trustline", "frozen", "memo demanded"],
)
async def test_an_account_that_cannot_be_paid_says_so(
    town, source, switch, can_receive, demands_memo
):
    town.world.fund(OTHER.public_key, **switch)
    account = await source.account(OTHER.public_key)
    assert (account.can_receive, account.demands_memo) == (can_receive, demands_memo)


async def test_an_account_that_is_not_there_is_none(town, source):
    town.world.fund(OTHER.public_key, exists=False)
    assert await source.account(OTHER.public_key) is None
    with pytest.raises(Misconfigured):
        await source.account("nobody")


async def test_a_claimable_balance_is_there_until_it_is_taken(town, source):
    claimants = [Claimant(OTHER.public_key), Claimant(PAYER.public_key)]
    envelope = town.written(CreateClaimableBalance(CNGN, "25", claimants))
    balance_id = envelope.transaction.get_claimable_balance_id(0)
    assert await source.claimable_balance(balance_id) is None
    town.world.submit(envelope.to_xdr()).raise_for_status()
    found = await source.claimable_balance(balance_id)
    assert (found.balance_id, found.amount) == (balance_id, cngn("25"))
    assert set(found.claimants) == {OTHER.public_key, PAYER.public_key}
    town.world.tell("/world/ledger/claims", {"balance_id": balance_id, "claimant": 2})
    assert await source.claimable_balance(balance_id) is None


async def test_what_the_wallet_takes_from_a_claimable_balance_is_no_deposit(town, source):
    """Our own money on its way back, or somebody's that we have asked for: nobody's order is paid by it."""
    envelope = town.written(CreateClaimableBalance(CNGN, "25", [Claimant(WALLET)]))
    town.world.submit(envelope.to_xdr()).raise_for_status()
    balance_id = envelope.transaction.get_claimable_balance_id(0)
    town.world.tell("/world/ledger/claims", {"balance_id": balance_id, "claimant": WALLET})
    pages = await read(source)
    assert credits_of(pages) == debits_of(pages) == []
    assert (await source.account(WALLET)).holding == cngn("25")


async def test_every_source_here_can_do_everything(source):
    able = await source.capabilities()
    assert able.fee_stats
    assert able.claimable_balances
    assert able.asynchronous_submission


async def test_fees_are_the_minimum_until_others_bid_more(town, server):
    clock = HeldClock()
    held = town.at(clock)
    source = server.build(held.world)
    held.queue(Payment(WALLET, CNGN, "1"))
    clock.close_ledgers(2)
    fees = [await source.fee_stats()]
    held.world.ledger_faults(base_fee_stroops=5_000)
    fees.append(await source.fee_stats())
    await source.close()
    assert [(one.base, one.usual, one.surge) for one in fees] == [
        (100, 100, 100),
        (100, 5_000, 5_000),
    ]


# Looking up and handing in


async def test_a_transaction_is_found_whether_it_succeeded_or_failed(town, source):
    paid = town.do(Payment(WALLET, CNGN, "1"))
    found = await source.transaction(paid["hash"])
    assert (found.transaction_hash, found.ledger) == (paid["hash"], paid["ledger"])
    assert (found.successful, list(found.result_codes)) == (True, [])
    town.world.fund(OTHER.public_key, trustline=False)
    failed = await source.transaction(town.fail(Payment(OTHER.public_key, CNGN, "1")))
    assert not failed.successful
    assert list(failed.result_codes) == ["tx_failed", "op_no_trust"]


async def test_a_transaction_that_nobody_knows_is_none(source):
    assert await source.transaction("ab" * 32) is None


async def test_an_envelope_is_handed_in_and_found_in_its_ledger_as_often_as_one_likes(town, source):
    """Fault 27."""
    envelope = town.written(Payment(WALLET, CNGN, "1"))
    applied = await hand_in(source, envelope)
    assert applied.successful
    assert applied.transaction_hash == envelope.hash_hex()
    assert await source.transaction(envelope.hash_hex()) == applied
    assert await hand_in(source, envelope) == applied
    assert len(credits_of(await read(source))) == 1


async def test_an_envelope_that_fails_in_its_ledger_says_why(town, source):
    town.world.fund(OTHER.public_key, trustline=False)
    applied = await hand_in(source, town.written(Payment(OTHER.public_key, CNGN, "1")))
    assert not applied.successful
    assert list(applied.result_codes) == ["tx_failed", "op_no_trust"]


@pytest.mark.parametrize(
    ("told", "failure", "code"),
    [
        ({"sequence": 5}, Unavailable, "tx_bad_seq"),
        ({"until": 1}, Unavailable, "tx_too_late"),
        ({"signers": [OTHER]}, Misconfigured, "tx_bad_auth"),
    ],
    ids=["sequence number", "time", "signature"],
)
async def test_a_refused_envelope_says_what_may_be_done(town, source, told, failure, code):
    envelope = town.written(Payment(WALLET, CNGN, "1"), **told)
    with pytest.raises(failure, match=code):
        await hand_in(source, envelope)
    assert await source.transaction(envelope.hash_hex()) is None


async def test_what_is_no_envelope_is_our_mistake(source):
    with pytest.raises(Misconfigured):
        await source.submit("AAAA", "ab" * 32)


@pytest.mark.parametrize("fault", ["unanswered", "reset", "dropped"])
async def test_an_envelope_of_which_nothing_is_known_is_in_doubt(town, source, server, fault):
    """Fault 27: a missing answer is not a failure, and PENDING is one node's word."""
    server.fail(town.world, fault)
    envelope = town.written(Payment(WALLET, CNGN, "1"))
    with pytest.raises(Ambiguous):
        await hand_in(source, envelope)
    assert (await hand_in(source, envelope)).successful
    assert len(credits_of(await read(source))) == 1

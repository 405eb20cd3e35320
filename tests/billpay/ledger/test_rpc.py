"""How a page is asked for and put together, and what every other answer of an RPC server means."""

import asyncio
import base64

import httpx
import pytest
from stellar_sdk import Asset, Keypair, scval, xdr

from billpay.failures import Ambiguous, Misconfigured, Unavailable
from billpay.ledger import rpc_http
from billpay.ledger.positions import position_of
from tests.billpay.ledger.rpc_wire import (
    ASSET,
    CONTRACT_ID,
    LATEST,
    LEDGER,
    NOBODY_PAID,
    NOT_FOUND,
    OLDEST,
    RANGE,
    SOMEBODY_PAID,
    envelope_xdr,
    event_id,
    full,
    page,
    place,
    refusal,
    server,
    transaction,
    transfer,
    words,
)
from tests.billpay.ledger.wire import HASH, PASSPHRASE, PAYER, WALLET

AFTER = position_of(LEDGER)
END = LATEST << 32 | 0xFFFFFFFF
NATIVE = Asset.native().contract_id(PASSPHRASE)
QUEUED = {"status": "PENDING", "hash": HASH, **RANGE}


async def read(asked, cursor=AFTER, limit=200):
    source = asked.source()
    try:
        return await source.credits_after(WALLET, cursor, limit)
    finally:
        await source.close()


async def answer_of(asked, method, *params):
    source = asked.source()
    try:
        return await getattr(source, method)(*params)
    finally:
        await source.close()


# How a page is asked for


async def test_one_filter_asks_for_everything_that_moves_our_asset_in_or_out():
    """Servers before 27.1.1 lose events where there are several."""
    asked = server(getEvents=page())
    await read(asked)
    (call,) = asked.asked("getEvents")
    (wanted,) = call["filters"]
    assert wanted["type"] == "contract"
    assert wanted["contractIds"] == [CONTRACT_ID] == [ASSET.contract_id(PASSPHRASE)]
    who = scval.to_address(WALLET).to_xdr()
    kinds = [
        (scval.to_native(one[0]), [part == who for part in one[1:]]) for one in wanted["topics"]
    ]
    assert kinds == [
        ("transfer", [False, True, False]),
        ("mint", [True, False]),
        ("transfer", [True, False, False]),
        ("burn", [True, False]),
        ("clawback", [True, False]),
    ]


@pytest.mark.parametrize(
    ("cursor", "begin"),
    [
        (position_of(LEDGER), {"startLedger": LEDGER, "pagination": {"limit": 200}}),
        ("0", {"startLedger": 1, "pagination": {"limit": 200}}),
        (str(place() + 1), {"pagination": {"cursor": event_id(place(), 2**32 - 2), "limit": 200}}),
        (str(END), {"pagination": {"cursor": event_id(END - 1, 2**32 - 2), "limit": 200}}),
    ],
    ids=["a ledger's beginning", "the beginning of all", "an operation", "a ledger's end"],
)
async def test_a_cursor_of_ours_is_said_in_the_servers_words(cursor, begin):
    """The operation's own events are behind us; the largest event number of all would bring them back."""
    asked = server(getEvents=page())
    await read(asked, cursor)
    (call,) = asked.asked("getEvents")
    assert {name: call[name] for name in call if name != "filters"} == begin


# How it ends


async def test_a_page_ends_where_an_operation_does():
    """Half an operation would be counted anew from nought, under names that others have."""
    events = [transfer(), transfer(at=place(1)), transfer(at=place(1), order=1)]
    asked = server(getEvents=full(*events), getTransaction=transaction(envelopeXdr=None))
    asked.answers["getEvents"]["events"] = [one | {"value": text_value()} for one in events]
    told = await read(asked, limit=3)
    assert [one.operation_id for one in told.credits] == [str(place() + 1)]
    assert (told.cursor, told.is_full) == (str(place() + 1), True)


def text_value():
    return scval.to_struct(
        {"amount": scval.to_int128(5), "to_muxed_id": scval.to_string("x")}
    ).to_xdr()


async def test_an_operation_that_fills_a_page_is_read_to_its_end():
    parts = [transfer(order=order, value=text_value()) for order in range(5)]
    answers = [full(*parts[:2]), full(*parts[2:4]), page(parts[4])]
    asked = server(getEvents=answers, getTransaction=transaction(envelopeXdr=None))
    told = await read(asked, limit=2)
    name = str(place() + 1)
    assert [one.operation_id for one in told.credits] == [
        name,
        *(f"{name}-{n}" for n in range(1, 5)),
    ]
    assert told.cursor == str(END)
    begins = [call["pagination"].get("cursor") for call in asked.asked("getEvents")]
    assert begins == [None, parts[1]["id"], parts[3]["id"]]


async def test_a_window_without_events_leads_on_to_the_next_one():
    """Ten thousand ledgers are looked through at once, found or not."""
    told = await read(server(getEvents=page(looked_through=LATEST - 1)))
    assert (list(told.credits), told.is_full) == ([], True)
    assert told.cursor == str((LATEST - 1) << 32 | 0xFFFFFFFF)
    last = await read(server(getEvents=page()), cursor=told.cursor)
    assert (last.cursor, last.is_full) == (str(END), False)


async def test_the_cursor_never_goes_back():
    """Servers behind one address differ in how far they have read."""
    behind = await read(server(getEvents=page(looked_through=LEDGER)), cursor=str(END))
    assert (behind.cursor, behind.is_full) == (str(END), False)


async def test_what_is_shown_again_is_passed_over():
    shown_again = [transfer(order=0), transfer(order=1), transfer(at=place(1), value=text_value())]
    asked = server(getEvents=page(*shown_again), getTransaction=transaction(envelopeXdr=None))
    told = await read(asked, cursor=str(place() + 1))
    assert [one.operation_id for one in told.credits] == [str(place(1) + 1)]
    assert not told.unreadable


@pytest.mark.parametrize(
    "events",
    [
        [transfer(at=place(1)), transfer()],
        [transfer(order=1), transfer(order=0)],
        [transfer(), transfer()],
    ],
    ids=["operations", "events", "one twice"],
)
async def test_events_that_are_not_in_order_are_not_believed(events):
    with pytest.raises(Unavailable, match="order"):
        await read(server(getEvents=page(*events)))


@pytest.mark.parametrize(
    "answer",
    [
        {},
        page() | {"events": None},
        page() | {"cursor": None},
        page() | {"cursor": "now"},
        page() | {"latestLedger": "many"},
        page(transfer(id="17")),
        page(transfer(txHash="ab")),
        page(transfer(topic="transfer")),
        page(transfer(topic=[1])),
        page(transfer(value=None)),
        page(transfer(ledgerClosedAt="yesterday")),
    ],
)
async def test_what_is_no_list_of_events_is_not_believed(answer):
    with pytest.raises(Unavailable):
        await read(server(getEvents=answer))


async def test_an_answer_that_is_too_large_is_asked_for_in_halves(monkeypatch):
    monkeypatch.setattr(rpc_http, "BODY_LIMIT_BYTES", 10_000)
    huge = page(transfer(padding="x" * 20_000))
    asked = server(getEvents=[huge, huge, page()])
    await read(asked, limit=8)
    limits = [call["pagination"]["limit"] for call in asked.asked("getEvents")]
    assert limits == [8, 4, 2]
    with pytest.raises(Unavailable, match="more than we take"):
        await read(server(getEvents=huge), limit=2)


# What the server refuses to look through


@pytest.mark.parametrize(
    ("ledger", "failure"),
    [(OLDEST - 1, Misconfigured), (LATEST + 1, None), (LEDGER, Unavailable)],
    ids=["deleted", "still to come", "refused for another reason"],
)
async def test_a_search_that_is_refused_is_settled_by_how_far_the_server_has_read(ledger, failure):
    refused = refusal(-32600, "startLedger must be within the ledger range: 900 - 1200")
    asked = server(getEvents=refused, getTransaction=NOT_FOUND)
    cursor = position_of(ledger)
    if failure is None:
        told = await read(asked, cursor)
        assert (list(told.credits), told.cursor, told.is_full) == ([], cursor, False)
        return
    with pytest.raises(failure):
        await read(asked, cursor)


async def test_a_server_that_tells_no_payments_is_not_believed():
    """Where nothing is told of payments, every deposit would be missed without a word."""
    asked = server(getFeeStats=SOMEBODY_PAID, getEvents=page())
    with pytest.raises(Misconfigured, match="EMIT_CLASSIC_EVENTS"):
        await read(asked)
    (call,) = asked.asked("getEvents")
    assert call["startLedger"] == LATEST - 49
    assert call["filters"][0]["contractIds"] == [NATIVE]


async def test_a_server_that_tells_fees_is_asked_for_them_once():
    fee = transfer(contractId=NATIVE, topic=words("fee", PAYER))
    answers = [page(fee), page(), page()]
    asked = server(getFeeStats=SOMEBODY_PAID, getEvents=answers)
    source = asked.source()
    for _ in range(2):
        assert not (await source.credits_after(WALLET, AFTER, 200)).credits
    await source.close()
    assert len(asked.asked("getFeeStats")) == 1
    assert len(asked.asked("getEvents")) == 3


@pytest.mark.parametrize(
    "answers",
    [
        {"getFeeStats": refusal(-32601), "getEvents": page()},
        {"getFeeStats": NOBODY_PAID, "getEvents": page()},
        {"getFeeStats": SOMEBODY_PAID, "getEvents": [refusal(-32600), page()]},
    ],
    ids=["no such method", "nobody paid", "fewer ledgers than counted"],
)
async def test_where_nothing_can_be_known_of_that_the_page_is_read(answers):
    assert (await read(server(**answers))).cursor == str(END)


# Envelopes


async def test_each_envelope_is_asked_for_once_and_only_a_few_at_a_time():
    running, most = 0, 0

    async def look_up(params):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        running -= 1
        return transaction(txHash=params["hash"])

    hashes = [f"{number:064x}" for number in range(30)]
    events = [transfer(at=place(0, number + 1), txHash=hashes[number // 2]) for number in range(60)]
    asked = server(getEvents=page(*events), getTransaction=look_up)
    told = await read(asked)
    assert len(told.credits) == 60
    assert [call["hash"] for call in asked.asked("getTransaction")] == hashes
    assert 1 < most <= 4


async def test_a_page_that_failed_half_way_does_not_begin_again_with_its_first_envelope():
    """A server that grants few requests would never get to the end of it."""
    lookups = []

    def look_up(params):
        lookups.append(params["hash"])
        if len(lookups) == 6:
            return httpx.Response(503)
        return transaction(txHash=params["hash"])

    hashes = [f"{number:064x}" for number in range(9)]
    events = [transfer(at=place(0, number + 1), txHash=one) for number, one in enumerate(hashes)]
    asked = server(getEvents=page(*events), getTransaction=look_up)
    source = asked.source()
    with pytest.raises(Unavailable):
        await source.credits_after(WALLET, AFTER, 200)
    assert len((await source.credits_after(WALLET, AFTER, 200)).credits) == 9
    await source.close()
    assert lookups.count(hashes[0]) == 1


@pytest.mark.parametrize(
    "answer",
    [transaction(txHash="cd" * 32), transaction(status="SOON"), transaction(status=None), {}],
)
async def test_another_transaction_than_the_one_meant_is_not_believed(answer):
    with pytest.raises(Unavailable):
        await read(server(getEvents=page(transfer()), getTransaction=answer))
    with pytest.raises(Unavailable):
        await answer_of(server(getTransaction=answer), "transaction", HASH)


# Everything else


async def test_the_tip_is_what_one_answer_says():
    tip = await answer_of(server(getTransaction=NOT_FOUND), "tip")
    assert (tip.ledger, tip.oldest_ledger, tip.network_passphrase) == (LATEST, OLDEST, PASSPHRASE)
    assert tip.oldest_closed_at.isoformat() == "2026-03-02T08:26:40+00:00"
    assert tip.closed_at.isoformat() == "2026-03-02T09:30:00+00:00"
    as_number = NOT_FOUND | {"latestLedgerCloseTime": 1772443800}
    assert (await answer_of(server(getTransaction=as_number), "tip")).closed_at == tip.closed_at


@pytest.mark.parametrize(
    "changes",
    [
        {"latestLedger": 0},
        {"latestLedger": None},
        {"oldestLedger": "1"},
        {"latestLedgerCloseTime": "soon"},
        {"latestLedgerCloseTime": "0"},
        {"latestLedgerCloseTime": "99999999999999"},
    ],
)
async def test_a_tip_that_is_none_is_not_believed(changes):
    with pytest.raises(Unavailable):
        await answer_of(server(getTransaction=NOT_FOUND | changes), "tip")


@pytest.mark.parametrize("entries", [[], None])
async def test_an_account_without_entries_is_none(entries):
    found = {"entries": entries, "latestLedger": LATEST}
    assert await answer_of(server(getLedgerEntries=found), "account", PAYER) is None
    balance_id = "00000000" + "ab" * 32
    asked = server(getLedgerEntries=found)
    assert await answer_of(asked, "claimable_balance", balance_id) is None
    (key,) = asked.asked("getLedgerEntries")[0]["keys"]
    named = xdr.LedgerKey.from_xdr(key).claimable_balance.balance_id
    assert named.to_xdr_bytes().hex() == balance_id


def trustline(*, flags=1, balance=70, selling=0):
    owner = Keypair.from_public_key(PAYER).xdr_account_id()
    liabilities = xdr.TrustLineEntryV1(
        xdr.Liabilities(xdr.Int64(0), xdr.Int64(selling)), xdr.TrustLineEntryV1Ext(0)
    )
    line = xdr.TrustLineEntry(
        owner,
        ASSET.to_trust_line_asset_xdr_object(),
        xdr.Int64(balance),
        xdr.Int64(1_000),
        xdr.Uint32(flags),
        xdr.TrustLineEntryExt(1, v1=liabilities),
    )
    return xdr.LedgerEntryData(xdr.LedgerEntryType.TRUSTLINE, trust_line=line).to_xdr()


def account():
    entry = xdr.AccountEntry(
        account_id=Keypair.from_public_key(PAYER).xdr_account_id(),
        balance=xdr.Int64(99),
        seq_num=xdr.SequenceNumber(xdr.Int64(12)),
        num_sub_entries=xdr.Uint32(1),
        inflation_dest=None,
        flags=xdr.Uint32(0),
        home_domain=xdr.String32(b""),
        thresholds=xdr.Thresholds(bytes(4)),
        signers=[],
        ext=xdr.AccountEntryExt(0),
    )
    return xdr.LedgerEntryData(xdr.LedgerEntryType.ACCOUNT, account=entry).to_xdr()


def entries(*found):
    return server(
        getLedgerEntries={"entries": [{"xdr": one} for one in found], "latestLedger": LATEST}
    )


@pytest.mark.parametrize(("flags", "can_receive"), [(1, True), (0, False), (2, False), (5, True)])
async def test_what_is_promised_elsewhere_is_held_and_cannot_be_spent(flags, can_receive):
    found = await answer_of(
        entries(account(), trustline(flags=flags, selling=30)), "account", PAYER
    )
    assert (found.balance, found.holding, found.native_balance) == (40, 70, 99)
    assert (found.can_receive, found.sequence, found.as_of_ledger) == (can_receive, 12, LATEST)


async def test_an_entry_in_a_newer_protocol_is_no_account():
    with pytest.raises(Unavailable):
        await answer_of(entries(base64.b64encode(bytes([0, 0, 0, 99])).decode()), "account", PAYER)
    with pytest.raises(Misconfigured):
        await answer_of(server(), "claimable_balance", "not an id")


async def test_where_nobody_paid_lately_inclusion_costs_the_minimum():
    fees = await answer_of(server(), "fee_stats")
    assert (fees.base, fees.usual, fees.surge) == (100, 100, 100)
    fees = await answer_of(server(getFeeStats=SOMEBODY_PAID), "fee_stats")
    assert (fees.base, fees.usual, fees.surge) == (100, 200, 300)
    with pytest.raises(Unavailable):
        await answer_of(server(getFeeStats={"inclusionFee": {}, "latestLedger": 1}), "fee_stats")


async def test_a_server_without_fee_stats_says_so_once():
    asked = server(getFeeStats=refusal(-32601))
    source = asked.source()
    assert not (await source.capabilities()).fee_stats
    assert not (await source.capabilities()).fee_stats
    assert await source.fee_stats() is None
    await source.close()
    assert len(asked.asked("getFeeStats")) == 2


# Handing in


async def hand_in(**answers):
    return await answer_of(server(**answers), "submit", envelope_xdr(), HASH)


@pytest.mark.parametrize(
    ("said", "failure"),
    [
        ({"status": "TRY_AGAIN_LATER", "hash": HASH}, Unavailable),
        ({"status": "ERROR", "hash": HASH}, Ambiguous),
        ({"status": "ERROR", "hash": HASH, "errorResultXdr": "AAAA"}, Ambiguous),
        ({"status": "PERHAPS", "hash": HASH}, Ambiguous),
        ({"status": "PENDING", "hash": "cd" * 32}, Ambiguous),
        (QUEUED, Ambiguous),
        (refusal(-32602, "invalid_xdr"), Misconfigured),
        (refusal(-32603, "could not submit transaction to stellar-core"), Ambiguous),
        (httpx.Response(503), Ambiguous),
        (httpx.Response(429), Unavailable),
    ],
)
async def test_what_is_said_of_an_envelope_says_what_may_be_done(said, failure):
    with pytest.raises(failure):
        await hand_in(sendTransaction=said, getTransaction=NOT_FOUND)


async def test_an_envelope_that_may_be_pending_stays_in_doubt_while_the_queue_takes_nothing():
    """TRY_AGAIN_LATER about an envelope that another node may hold proves nothing."""
    later = {"status": "TRY_AGAIN_LATER", "hash": HASH}
    asked = server(sendTransaction=[httpx.Response(504), later], getTransaction=NOT_FOUND)
    source = asked.source()
    for _ in range(2):
        with pytest.raises(Ambiguous):
            await source.submit(envelope_xdr(), HASH)
    await source.close()


async def test_what_a_ledger_has_already_is_found_though_the_queue_takes_nothing():
    """Fault 26: another of the account's may wait there by now."""
    later = {"status": "TRY_AGAIN_LATER", "hash": HASH}
    assert (await hand_in(sendTransaction=later, getTransaction=transaction())).successful


async def test_a_queued_envelope_is_looked_for_whatever_keeps_the_answer_away():
    looks = [NOT_FOUND, httpx.Response(503), transaction()]
    applied = await hand_in(sendTransaction=QUEUED, getTransaction=looks)
    assert (applied.transaction_hash, applied.ledger, applied.successful) == (HASH, LEDGER, True)


async def test_a_refused_envelope_that_was_applied_before_is_found():
    """Core knows nothing of what it has applied: it sees a number that is used."""
    bad_seq = xdr.TransactionResult(
        xdr.Int64(0),
        xdr.TransactionResultResult(xdr.TransactionResultCode.txBAD_SEQ),
        xdr.TransactionResultExt(0),
    )
    said = {"status": "ERROR", "hash": HASH, "errorResultXdr": bad_seq.to_xdr()}
    assert (await hand_in(sendTransaction=said, getTransaction=transaction())).successful
    with pytest.raises(Unavailable, match="tx_bad_seq"):
        await hand_in(sendTransaction=said, getTransaction=NOT_FOUND)

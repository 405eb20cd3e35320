"""Horizon as a `LedgerSource`, over a real socket."""

from datetime import UTC, datetime

import pytest

from billpay.failures import Misconfigured, Unavailable
from billpay.ledger import horizon_http
from billpay.ledger.base import LedgerTip
from billpay.ledger.positions import check_history, position_of, require_history, require_network
from tests.billpay.ledger import wire
from tests.billpay.ledger.wire import FAILED_RESULT, NOT_FOUND, as_http, horizon, page, payment

PAYMENTS = f"/accounts/{wire.WALLET}/payments"
ACCOUNT = f"/accounts/{wire.PAYER}"
TRANSACTION = f"/transactions/{wire.HASH}"


def horizon_saying(path, answer):
    return horizon({path: answer})


def account_json(**changes):
    """An account as of ledger 1,203."""
    return as_http(wire.account(**changes), Latest_Ledger="1203")


async def credits_of(source, *, cursor="17", limit=50):
    return await source.credits_after(wire.WALLET, cursor, limit)


async def test_a_page_is_asked_for_in_ledger_order_with_the_transactions_joined():
    async with horizon_saying(PAYMENTS, page(payment())) as (source, server):
        read = await credits_of(source)
    assert [credit.operation_id for credit in read.credits] == [str(wire.FIRST)]
    (asked,) = server.asked
    assert asked.query == {
        "join": "transactions",
        "order": "asc",
        "limit": "50",
        "cursor": "17",
    }


async def test_no_more_is_asked_for_than_a_page_may_hold():
    """Above 200, Horizon answers 400 instead of clamping."""
    async with horizon_saying(PAYMENTS, page()) as (source, server):
        await credits_of(source, limit=1_000)
    assert server.asked[0].query["limit"] == "200"


async def test_a_wallet_without_history_is_an_empty_page():
    async with horizon_saying(PAYMENTS, NOT_FOUND) as (source, _):
        read = await credits_of(source)
    assert (list(read.credits), read.cursor, read.is_full) == ([], "17", False)


async def test_a_wrong_address_is_no_empty_page():
    """Otherwise nobody would notice that deposits are not seen."""
    async with horizon_saying(PAYMENTS, (404, {"detail": "Not Found"})) as (source, _):
        with pytest.raises(Misconfigured):
            await credits_of(source)


async def test_a_page_larger_than_we_take_is_asked_for_in_halves(monkeypatch):
    """Fault 67: one record with a giant's XDR must not stop those behind it."""
    monkeypatch.setattr(horizon_http, "BODY_LIMIT_BYTES", 10_000)

    def answer(asked):
        count = int(asked.query["limit"])
        return page(*(payment(wire.FIRST + index, ignored="x" * 3_000) for index in range(count)))

    async with horizon_saying(PAYMENTS, answer) as (source, server):
        read = await credits_of(source, limit=8)
    assert [asked.query["limit"] for asked in server.asked] == ["8", "4", "2"]
    assert len(read.credits) == 2
    assert read.is_full


async def test_a_single_record_larger_than_we_take_is_loud(monkeypatch):
    monkeypatch.setattr(horizon_http, "BODY_LIMIT_BYTES", 1_000)
    async with horizon_saying(PAYMENTS, page(payment(ignored="x" * 2_000))) as (source, server):
        with pytest.raises(Unavailable, match="more than we take"):
            await credits_of(source, limit=2)
    assert len(server.asked) == 2


async def test_the_tip_is_read_from_the_root():
    async with horizon_saying("/", wire.root()) as (source, _):
        assert await source.tip() == LedgerTip(
            ledger=1_200,
            closed_at=datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
            oldest_ledger=2,
            network_passphrase=wire.PASSPHRASE,
        )


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (NOT_FOUND, Misconfigured),
        ({"hello": "world"}, Unavailable),
        (wire.root(history_latest_ledger="1200"), Unavailable),
        (wire.root(history_latest_ledger_closed_at="soon"), Unavailable),
        (wire.root(history_latest_ledger=0), Unavailable),
    ],
)
async def test_a_root_that_says_nothing_usable_is_not_believed(answer, kind):
    async with horizon_saying("/", answer) as (source, _):
        with pytest.raises(kind):
            await source.tip()


async def test_an_account_is_read_with_what_it_may_do():
    async with horizon_saying(ACCOUNT, account_json()) as (source, _):
        account = await source.account(wire.PAYER)
    assert account.address == wire.PAYER
    assert account.sequence == 12_884_901_888
    assert account.can_receive
    assert not account.demands_memo
    assert account.balance == 1_000_000_000
    assert account.as_of_ledger == 1_203


@pytest.mark.parametrize(
    ("lines", "can_receive", "balance"),
    [
        ([], False, 0),
        ([wire.trustline(asset_issuer=wire.STRANGER)], False, 0),
        ([wire.trustline(asset_code="CNGN")], False, 0),
        ([wire.trustline(is_authorized=False)], False, 1_000_000_000),
        ([wire.trustline(selling_liabilities="99.0000000")], True, 10_000_000),
    ],
    ids=["none", "other issuer", "other code", "frozen", "promised"],
)
async def test_only_an_authorised_trustline_to_our_asset_counts(lines, can_receive, balance):
    """Faults 23 and 29; what is promised to an open offer cannot be spent."""
    async with horizon_saying(ACCOUNT, account_json(lines=lines)) as (source, _):
        account = await source.account(wire.PAYER)
    assert (account.can_receive, account.balance) == (can_receive, balance)


@pytest.mark.parametrize(
    ("entries", "demands"),
    [
        ({"config.memo_required": "MQ=="}, True),
        ({"config.memo_required": "MA=="}, False),
        ({"other": "MQ=="}, False),
        (None, False),
    ],
)
async def test_an_account_may_demand_a_memo(entries, demands):
    """Fault 23, SEP-29."""
    async with horizon_saying(ACCOUNT, account_json(data=entries)) as (source, _):
        assert (await source.account(wire.PAYER)).demands_memo is demands


async def test_an_account_without_its_ledger_is_as_new_as_what_the_server_had_read_before():
    """Faults 6 and 7: without a ledger nobody could tell a lagging server from a current one."""
    answers = {"/": wire.root(history_latest_ledger=1_210), ACCOUNT: wire.account()}
    async with horizon(answers) as (source, server):
        first = await source.account(wire.PAYER)
        again = await source.account(wire.PAYER)
    assert first.as_of_ledger == again.as_of_ledger == 1_210
    tip_then_account = ["GET /", f"GET {ACCOUNT}"]
    assert server.paths() == [f"GET {ACCOUNT}", *tip_then_account, *tip_then_account]


async def test_an_account_that_does_not_exist_is_none():
    async with horizon_saying(ACCOUNT, NOT_FOUND) as (source, _):
        assert await source.account(wire.PAYER) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"sequence": 5},
        {"balances": None},
        {"account_id": None},
        {"lines": [wire.trustline(is_authorized=None)]},
        {"lines": [wire.trustline(balance="1")]},
    ],
)
async def test_what_is_no_account_is_not_believed(changes):
    async with horizon_saying(ACCOUNT, account_json(**changes)) as (source, _):
        with pytest.raises(Unavailable):
            await source.account(wire.PAYER)


async def test_an_applied_transaction_is_found_by_its_hash():
    async with horizon_saying(TRANSACTION, wire.transaction()) as (source, _):
        applied = await source.transaction(wire.HASH)
    assert (applied.transaction_hash, applied.ledger, applied.successful) == (
        wire.HASH,
        1_000,
        True,
    )
    assert not applied.result_codes


async def test_a_failed_transaction_tells_its_codes_from_its_result():
    """Horizon spells them out for submissions only."""
    failed = wire.transaction(successful=False, result_xdr=FAILED_RESULT)
    async with horizon_saying(TRANSACTION, failed) as (source, _):
        applied = await source.transaction(wire.HASH)
    assert not applied.successful
    assert applied.result_codes == ("tx_failed", "op_no_trust")


async def test_a_result_of_a_newer_protocol_is_still_a_failure():
    failed = wire.transaction(successful=False, result_xdr="AAAA")
    async with horizon_saying(TRANSACTION, failed) as (source, _):
        applied = await source.transaction(wire.HASH)
    assert (applied.successful, applied.result_codes) == (False, ("unreadable_result",))


async def test_an_unknown_hash_is_none():
    """Fault 7: it proves nothing; what follows is the treasury's business."""
    async with horizon_saying(TRANSACTION, NOT_FOUND) as (source, _):
        assert await source.transaction(wire.HASH) is None


@pytest.mark.parametrize(
    "document",
    [wire.transaction(hash="ab" * 32), wire.transaction(successful=None), {}],
    ids=["another", "no success", "empty"],
)
async def test_what_is_not_the_asked_transaction_is_not_believed(document):
    async with horizon_saying(TRANSACTION, document) as (source, _):
        with pytest.raises(Unavailable):
            await source.transaction(wire.HASH)


async def test_another_network_is_refused_by_name():
    """Fault 11."""
    async with horizon_saying("/", wire.root()) as (source, _):
        assert (await require_network(source, wire.PASSPHRASE)).ledger == 1_200
        with pytest.raises(Misconfigured, match="another network"):
            await require_network(source, "another network")


async def test_a_history_that_begins_after_our_cursor_is_refused_with_its_gap():
    """Fault 10: Horizon itself would move the cursor up without a word."""
    async with horizon_saying("/", wire.root(history_elder_ledger=900)) as (source, _):
        await require_history(source, position_of(900))
        with pytest.raises(Misconfigured, match=r"begins with ledger 900, ours ends in ledger 899"):
            await require_history(source, str(int(position_of(900)) - 1))


async def test_a_server_behind_our_cursor_is_waited_for():
    """Faults 6 and 11: it lags, or the network was reset and its ledgers count from one again."""
    async with horizon_saying("/", wire.root()) as (source, _):
        tip = await source.tip()
    check_history(tip, position_of(1_200))
    with pytest.raises(Unavailable, match="reset"):
        check_history(tip, position_of(1_201))

"""What a Horizon can do, found out once, and what it tells where it can; over a real socket."""

import pytest

from billpay.failures import Misconfigured, Unavailable
from billpay.ledger.base import Capabilities, ClaimableBalance, FeeStats
from tests.billpay.ledger import wire
from tests.billpay.ledger.wire import NOT_FOUND, horizon, problem

BALANCE = "00000000" + "ab" * 32
LINKS = {name: {"href": "x"} for name in ("fee_stats", "claimable_balances", "transactions_async")}
EVERYTHING = Capabilities(fee_stats=True, claimable_balances=True, asynchronous_submission=True)
NOTHING = Capabilities(fee_stats=False, claimable_balances=False, asynchronous_submission=False)


def fees(**changes):
    facts = {
        "last_ledger": "1200",
        "last_ledger_base_fee": "100",
        "ledger_capacity_usage": "0.97",
        "fee_charged": {"min": "100", "p50": "100", "p90": "450", "p95": "900", "p99": "12000"},
        "max_fee": {"min": "100", "p90": "10000", "p99": "100000"},
    }
    return wire.without_none(facts | changes)


def claimable(**changes):
    facts = {
        "id": BALANCE,
        "asset": f"cNGN:{wire.ISSUER}",
        "amount": "25.0000000",
        "sponsor": wire.WALLET,
        "claimants": [
            {"destination": wire.PAYER, "predicate": {"unconditional": True}},
            {"destination": wire.WALLET, "predicate": {"not": {"abs_before": "x"}}},
        ],
        "flags": {"clawback_enabled": False},
    }
    return wire.without_none(facts | changes)


def able(**answers):
    return horizon({"/": wire.root(_links=LINKS)} | answers)


async def test_what_the_root_lists_is_not_asked_for_and_is_remembered():
    async with able() as (source, server):
        assert await source.capabilities() == EVERYTHING
        assert await source.capabilities() == EVERYTHING
    assert server.paths() == ["GET /"]


@pytest.mark.parametrize("links", [{"_links": {}}, {"_links": None}, {}])
async def test_what_the_root_does_not_list_is_asked_for(links):
    answers = {
        "/": wire.root(**links),
        "/fee_stats": fees(),
        "/claimable_balances": wire.page(),
        "/transactions_async": problem(400, "transaction_malformed"),
    }
    async with horizon(answers) as (source, server):
        assert await source.capabilities() == EVERYTHING
    assert server.paths()[-1] == "POST /transactions_async"
    assert server.asked[-1].form == {"tx": ""}


@pytest.mark.parametrize(
    "answer",
    [NOT_FOUND, problem(403, "forbidden"), problem(405, "not_allowed"), (404, "<html>")],
)
async def test_an_old_fork_can_do_none_of_it(answer):
    """cNGN lives on a fork of the network whose servers are years behind."""
    paths = ["/fee_stats", "/claimable_balances", "/transactions_async"]
    async with horizon({"/": wire.root()} | dict.fromkeys(paths, answer)) as (source, _):
        assert await source.capabilities() == NOTHING
        assert await source.fee_stats() is None
        with pytest.raises(Misconfigured, match="no claimable balances"):
            await source.claimable_balance(BALANCE)


async def test_a_server_that_cannot_answer_now_is_asked_again():
    """What it can do is not decided by an outage."""
    answers = {
        "/": wire.root(),
        "/fee_stats": [problem(503, "stale_history"), fees()],
    }
    async with horizon(answers) as (source, _):
        with pytest.raises(Unavailable):
            await source.capabilities()
        assert (await source.capabilities()).fee_stats


async def test_a_refused_right_to_ask_is_no_lack_of_ability():
    async with horizon({"/": wire.root(), "/fee_stats": problem(401, "key")}) as (source, _):
        with pytest.raises(Misconfigured):
            await source.capabilities()


async def test_fees_are_read_from_what_was_charged_not_from_what_was_bid():
    async with able(**{"/fee_stats": fees()}) as (source, _):
        assert await source.fee_stats() == FeeStats(base=100, usual=450, surge=12_000)


async def test_fees_told_in_an_older_form_are_unknown():
    old = fees(fee_charged=None, p90_accepted_fee="450", p99_accepted_fee="12000")
    async with able(**{"/fee_stats": old}) as (source, _):
        assert await source.fee_stats() is None


@pytest.mark.parametrize(
    "changes",
    [{"fee_charged": []}, {"fee_charged": {"p90": "450"}}, {"last_ledger_base_fee": 100}],
)
async def test_what_is_no_statement_of_fees_is_not_believed(changes):
    async with able(**{"/fee_stats": fees(**changes)}) as (source, _):
        with pytest.raises(Unavailable):
            await source.fee_stats()


async def test_a_claimable_balance_is_read_with_who_may_take_it():
    async with able(**{f"/claimable_balances/{BALANCE}": claimable()}) as (source, _):
        found = await source.claimable_balance(BALANCE)
    assert found == ClaimableBalance(
        balance_id=BALANCE, amount=250_000_000, claimants=(wire.PAYER, wire.WALLET)
    )


async def test_a_claimable_balance_that_was_taken_is_gone():
    async with able() as (source, _):
        assert await source.claimable_balance(BALANCE) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "00000000" + "cd" * 32},
        {"id": None},
        {"amount": "25"},
        {"claimants": None},
        {"claimants": [{}]},
    ],
    ids=["another", "nameless", "amount", "nobody", "odd claimant"],
)
async def test_what_is_not_the_asked_balance_is_not_believed(changes):
    async with able(**{f"/claimable_balances/{BALANCE}": claimable(**changes)}) as (source, _):
        with pytest.raises(Unavailable):
            await source.claimable_balance(BALANCE)

"""How envelopes get into a ledger through Horizon: over both of its doors, over a real socket."""

import pytest
from stellar_sdk import xdr

from billpay.failures import Ambiguous, Failure, Misconfigured, Unavailable
from billpay.ledger.submission import LOOKS_SECONDS
from tests.billpay.ledger import wire
from tests.billpay.ledger.wire import FAILED_RESULT, NOT_FOUND, horizon, problem, refused

TRANSACTION = f"/transactions/{wire.HASH}"
ASYNC = "/transactions_async"
LOOK = f"GET {TRANSACTION}"


def horizon_saying(answer):
    return horizon({"/transactions": answer})


# Waited for by Horizon


async def test_an_applied_submission_is_answered():
    async with horizon_saying(wire.transaction()) as (source, server):
        applied = await source.submit("AAAA==", wire.HASH)
    assert applied.successful
    assert server.asked[-1].form == {"tx": "AAAA=="}


@pytest.mark.parametrize("document", [{"hello": "world"}, wire.transaction(hash="ab" * 32)])
async def test_a_submission_with_an_odd_answer_is_in_doubt(document):
    async with horizon_saying(document) as (source, _):
        with pytest.raises(Ambiguous):
            await source.submit("AAAA==", wire.HASH)


@pytest.mark.parametrize(
    ("codes", "kind"),
    [
        (["tx_bad_seq"], Unavailable),
        (["tx_too_late"], Unavailable),
        (["tx_too_early"], Unavailable),
        (["tx_insufficient_fee"], Unavailable),
        (["tx_internal_error"], Unavailable),
        (["tx_bad_auth"], Misconfigured),
        (["tx_bad_auth_extra"], Misconfigured),
        (["tx_insufficient_balance"], Misconfigured),
        (["tx_no_source_account"], Misconfigured),
        (["tx_frozen_key_accessed"], Misconfigured),
        (["tx_malformed"], Misconfigured),
        (["tx_failed", "op_malformed"], Misconfigured),
        (["tx_failed", "op_bad_auth"], Misconfigured),
        (["tx_failed", "op_no_trust"], Ambiguous),
        (["tx_failed"], Ambiguous),
        (["tx_of_a_protocol_to_come"], Ambiguous),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
async def test_a_refusal_names_its_codes_and_what_may_follow(codes, kind):
    """Faults 24 to 26. What is refused in words of failure but is in no ledger is in doubt, not failed."""
    answers = {"/transactions": refused(*codes), TRANSACTION: NOT_FOUND}
    async with horizon(answers) as (source, _):
        with pytest.raises(Failure) as raised:
            await source.submit("AAAA==", wire.HASH)
    assert type(raised.value) is kind
    assert raised.value.evidence.code == " ".join(codes)


@pytest.mark.parametrize("extras", [{}, {"extras": None}, {"extras": {"result_codes": None}}])
async def test_a_refusal_without_codes_is_in_doubt(extras):
    answer = (400, {"type": "transaction_failed", "status": 400} | extras)
    async with horizon_saying(answer) as (source, _):
        with pytest.raises(Ambiguous):
            await source.submit("AAAA==", wire.HASH)


async def test_a_submission_that_failed_in_a_ledger_is_answered_from_the_ledger():
    """Fault 23."""
    answers = {
        "/transactions": refused("tx_failed", "op_no_trust"),
        TRANSACTION: wire.transaction(successful=False, result_xdr=FAILED_RESULT),
    }
    async with horizon(answers) as (source, server):
        applied = await source.submit("AAAA==", wire.HASH)
    assert (applied.successful, applied.ledger) == (False, 1_000)
    assert applied.result_codes == ("tx_failed", "op_no_trust")
    assert server.paths()[-2:] == ["POST /transactions", f"GET {TRANSACTION}"]


async def test_a_failed_submission_that_cannot_be_looked_up_is_in_doubt():
    answers = {
        "/transactions": refused("tx_failed", "op_no_trust"),
        TRANSACTION: problem(503, "stale_history"),
    }
    async with horizon(answers) as (source, _):
        with pytest.raises(Ambiguous):
            await source.submit("AAAA==", wire.HASH)


# Queued, and looked for by us


class Naps:
    """Whoever sleeps here wakes at once."""

    def __init__(self):
        self.taken = []

    async def __call__(self, seconds):
        self.taken.append(seconds)


def queue(status, tx_status, **facts):
    return status, {"tx_status": tx_status, "hash": wire.HASH} | facts


PENDING = queue(201, "PENDING")
DUPLICATE = queue(409, "DUPLICATE")
TRY_AGAIN_LATER = queue(503, "TRY_AGAIN_LATER")


def error(code):
    result = xdr.TransactionResult(
        xdr.Int64(100), xdr.TransactionResultResult(code), xdr.TransactionResultExt(0)
    )
    return queue(400, "ERROR", error_result_xdr=result.to_xdr())


def queueing(answer, look=NOT_FOUND, **facts):
    return horizon({ASYNC: answer, TRANSACTION: look}, sleep=Naps(), **facts)


@pytest.mark.parametrize("answer", [PENDING, DUPLICATE], ids=["pending", "duplicate"])
async def test_a_queued_envelope_is_looked_up_until_a_ledger_has_it(answer):
    """Fault 25: a duplicate is the same envelope, already in the queue."""
    looks = [NOT_FOUND, problem(503, "stale_history"), wire.transaction()]
    async with queueing(answer, looks) as (source, server):
        applied = await source.submit("AAAA==", wire.HASH)
    assert applied.successful
    assert server.asked[0].form == {"tx": "AAAA=="}
    assert server.paths() == [f"POST {ASYNC}", LOOK, LOOK, LOOK]


async def test_a_queued_envelope_that_fails_in_a_ledger_is_answered_from_there():
    """Fault 23."""
    failed = wire.transaction(successful=False, result_xdr=FAILED_RESULT)
    async with queueing(PENDING, failed) as (source, _):
        applied = await source.submit("AAAA==", wire.HASH)
    assert applied.result_codes == ("tx_failed", "op_no_trust")


async def test_a_queued_envelope_that_no_ledger_has_is_in_doubt():
    """Fault 27: the queue's word is one node's promise, and thirty seconds without a ledger prove nothing."""
    naps = Naps()
    answers = {ASYNC: PENDING, TRANSACTION: NOT_FOUND}
    async with horizon(answers, sleep=naps) as (source, server):
        with pytest.raises(Ambiguous):
            await source.submit("AAAA==", wire.HASH)
    assert naps.taken == list(LOOKS_SECONDS)
    assert 25 <= sum(naps.taken) <= 35
    assert server.paths().count(LOOK) == len(LOOKS_SECONDS)


async def test_an_envelope_that_no_queue_takes_is_in_none():
    """One transaction of an account waits at a time; the next is told to come later, and nothing came of it."""
    async with queueing(TRY_AGAIN_LATER) as (source, server):
        with pytest.raises(Unavailable) as raised:
            await source.submit("AAAA==", wire.HASH)
    assert raised.value.evidence.code == "TRY_AGAIN_LATER"
    assert server.paths() == [f"POST {ASYNC}", LOOK]


@pytest.mark.parametrize(
    "answer",
    [TRY_AGAIN_LATER, error(xdr.TransactionResultCode.txBAD_SEQ)],
    ids=["another waits", "number used"],
)
async def test_what_a_ledger_has_already_is_found_though_the_queue_refuses_it(answer):
    """Fault 26: the same envelope may be handed in again, and its number is then used by itself."""
    async with queueing(answer, wire.transaction()) as (source, _):
        assert (await source.submit("AAAA==", wire.HASH)).ledger == 1_000


@pytest.mark.parametrize("first", [PENDING, (504, "")], ids=["queued", "no answer"])
async def test_an_envelope_that_one_queue_may_hold_is_in_doubt_when_another_takes_none(first):
    """Fault 25: servers behind one address have queues of their own."""
    async with queueing([first, TRY_AGAIN_LATER]) as (source, _):
        for _ in range(2):
            with pytest.raises(Ambiguous):
                await source.submit("AAAA==", wire.HASH)


@pytest.mark.parametrize(
    ("code", "kind", "word"),
    [
        (xdr.TransactionResultCode.txBAD_SEQ, Unavailable, "tx_bad_seq"),
        (xdr.TransactionResultCode.txTOO_LATE, Unavailable, "tx_too_late"),
        (xdr.TransactionResultCode.txINSUFFICIENT_FEE, Unavailable, "tx_insufficient_fee"),
        (xdr.TransactionResultCode.txBAD_AUTH, Misconfigured, "tx_bad_auth"),
        (xdr.TransactionResultCode.txNO_ACCOUNT, Misconfigured, "tx_no_source_account"),
    ],
)
async def test_a_queue_that_refuses_says_why_in_xdr(code, kind, word):
    """Faults 24 to 26: the same verdicts as where Horizon spells the codes out."""
    async with queueing(error(code)) as (source, _):
        with pytest.raises(Failure) as raised:
            await source.submit("AAAA==", wire.HASH)
    assert type(raised.value) is kind
    assert raised.value.evidence.code == word


@pytest.mark.parametrize(
    "answer",
    [
        queue(400, "ERROR"),
        queue(400, "ERROR", error_result_xdr="AAAA"),
        queue(400, "ERROR", error_result_xdr=FAILED_RESULT),
        queue(201, "PENDING", hash="ab" * 32),
        queue(201, "SOMETHING_NEW"),
        (201, {}),
        problem(500, "transaction_submission_exception"),
        problem(503, "stale_history"),
        (201, "<html>"),
    ],
    ids=["no reason", "odd", "failed", "another", "new", "nothing", "500", "503", "HTML"],
)
async def test_a_queue_that_cannot_be_understood_leaves_the_envelope_in_doubt(answer):
    async with queueing(answer) as (source, server):
        with pytest.raises(Ambiguous):
            await source.submit("AAAA==", wire.HASH)
    assert "POST /transactions" not in server.paths()


@pytest.mark.parametrize(
    "answer",
    [NOT_FOUND, (404, "<html>"), problem(403, "forbidden"), problem(405, "not_allowed")],
    ids=["404", "404 HTML", "403", "405"],
)
async def test_a_server_without_a_queue_waits_itself_and_is_not_asked_again(answer):
    """A fork may be years behind, and an operator may have switched the route off."""
    answers = {ASYNC: answer, "/transactions": wire.transaction()}
    async with horizon(answers, sleep=Naps()) as (source, server):
        for _ in range(2):
            assert (await source.submit("AAAA==", wire.HASH)).successful
    assert server.paths() == [f"POST {ASYNC}", "POST /transactions", "POST /transactions"]


async def test_a_malformed_envelope_is_ours_to_mend_at_either_door():
    async with queueing(problem(400, "transaction_malformed")) as (source, server):
        with pytest.raises(Misconfigured):
            await source.submit("AAAA==", wire.HASH)
    assert server.paths() == [f"POST {ASYNC}"]

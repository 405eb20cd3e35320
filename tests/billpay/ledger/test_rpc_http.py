"""The table of `billpay.ledger.rpc_http`: what an error in an answer means, for a submission and for a question."""

import httpx
import pytest

from billpay.failures import Ambiguous, Misconfigured, Unavailable
from billpay.ledger.rpc_http import RpcHttp

ADDRESS = "https://rpc.example/a-key-in-the-path?key=another"


async def ask(answer, *, moves_money=False):
    seen = []

    def said(request):
        seen.append(request)
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

    http = RpcHttp(ADDRESS, transport=httpx.MockTransport(said))
    try:
        return await http.call("getHealth", {"a": 1}, moves_money=moves_money), seen
    finally:
        await http.close()


async def test_a_call_is_json_rpc_and_its_result_the_answer():
    result, (request,) = await ask({"jsonrpc": "2.0", "id": 1, "result": {"b": 2}})
    assert result == {"b": 2}
    assert request.method == "POST"
    assert request.read() == b'{"jsonrpc":"2.0","id":1,"method":"getHealth","params":{"a":1}}'


def error(code, message="no"):
    return {"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": message}}


REFUSED = [error(code) for code in (-32700, -32600, -32601, -32602)]
BROKEN = [error(-32603), error(-32000), error("x"), error(None, message=None)]
NO_ANSWERS = [
    {},
    {"jsonrpc": "2.0", "id": 2, "result": {}},
    {"jsonrpc": "2.0", "id": 1, "result": []},
    {"jsonrpc": "2.0", "id": 1},
    httpx.Response(200, text="<html>"),
    httpx.Response(200, json=[]),
    httpx.Response(500, json=error(-32602)),
]


@pytest.mark.parametrize("moves_money", [True, False], ids=["submits", "reads"])
@pytest.mark.parametrize("answer", [*REFUSED, httpx.Response(400, json=error(-32602))])
async def test_what_is_refused_is_our_mistake(answer, moves_money):
    with pytest.raises(Misconfigured) as failure:
        await ask(answer, moves_money=moves_money)
    assert failure.value.evidence.code.startswith("-32")
    assert failure.value.evidence.provider == "Stellar RPC"


@pytest.mark.parametrize("status", [301, 401, 403, 404])
async def test_another_status_is_our_mistake_too(status):
    with pytest.raises(Misconfigured):
        await ask(httpx.Response(status))


@pytest.mark.parametrize("answer", [*BROKEN, *NO_ANSWERS])
async def test_any_other_error_leaves_a_submission_in_doubt_and_a_question_unanswered(answer):
    for moves_money, kind in ((True, Ambiguous), (False, Unavailable)):
        with pytest.raises(kind):
            await ask(answer, moves_money=moves_money)


async def test_too_many_questions_are_asked_again_when_the_server_says():
    for moves_money in (True, False):
        with pytest.raises(Unavailable) as failure:
            await ask(httpx.Response(429, headers={"Retry-After": "9"}), moves_money=moves_money)
        assert failure.value.retry_after_seconds == 9


async def test_no_failure_repeats_the_address_or_what_was_sent():
    """I18: an address may hold our key."""
    for answer in (*REFUSED, *BROKEN, *NO_ANSWERS):
        with pytest.raises((Misconfigured, Unavailable)) as failure:
            await ask(answer)
        told = repr(failure.value) + failure.value.detail
        assert "key" not in told
        assert "rpc.example" not in told
        assert failure.value.__cause__ is failure.value.__context__ is None
        assert "getHealth" in told


async def test_a_server_that_cannot_be_reached_was_asked_nothing():
    def unreachable(request):
        raise httpx.ConnectError("refused", request=request)

    http = RpcHttp(ADDRESS, transport=httpx.MockTransport(unreachable))
    for moves_money in (True, False):
        with pytest.raises(Unavailable):
            await http.call("sendTransaction", moves_money=moves_money)
    await http.close()

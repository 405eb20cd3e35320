"""The one bounded exchange: the general table of answers, and what is asked how.

Sockets that misbehave are in the tests of those who use it (`ledger/test_horizon_http`, `providers/test_http`).
"""

import logging
from decimal import Decimal

import httpx
import pytest

from billpay.exchange import Exchange, Question, post_form, post_json
from billpay.exchange_failures import TOO_LARGE
from billpay.failures import Ambiguous, Failure, Misconfigured, Unavailable

LIMIT = 1_000
KEY = "a-key-in-the-address"


def reading(path="somewhere", **changes):
    facts = {"method": "GET", "path": path, "moves_money": False, "read_timeout_seconds": 5}
    return Question(**facts | changes)


def moving(path="somewhere", **changes):
    return reading(path, method="POST", moves_money=True, **changes)


class OtherSide:
    """Answers everything the same, and remembers what it was asked."""

    def __init__(self, status=200, text="{}", **headers):
        self._answer = (status, text, headers)
        self.asked = []

    def __call__(self, request):
        self.asked.append(request)
        status, text, headers = self._answer
        return httpx.Response(
            status, text=text, headers={name.replace("_", "-"): v for name, v in headers.items()}
        )


async def ask(other_side, question, *, base_url=f"https://x.test/{KEY}", **facts):
    exchange = Exchange(
        "Someone",
        base_url,
        body_limit_bytes=LIMIT,
        transport=httpx.MockTransport(other_side),
        **facts,
    )
    try:
        return await exchange.ask(question)
    finally:
        await exchange.close()


async def failure_of(other_side, question, **facts):
    with pytest.raises(Failure) as raised:
        await ask(other_side, question, **facts)
    assert KEY not in raised.value.detail
    assert raised.value.__cause__ is raised.value.__context__ is None
    return raised.value


TABLE = [
    (200, "<html>", Ambiguous, Unavailable),
    (200, "[]", Ambiguous, Unavailable),
    (200, '{"a": NaN}', Ambiguous, Unavailable),
    (200, " " * LIMIT + "{}", Ambiguous, Unavailable),
    (302, "", Misconfigured, Misconfigured),
    (400, "{}", Misconfigured, Misconfigured),
    (401, "{}", Misconfigured, Misconfigured),
    (404, "<html>", Misconfigured, Misconfigured),
    (408, "", Ambiguous, Unavailable),
    (429, "", Unavailable, Unavailable),
    (500, "{}", Ambiguous, Unavailable),
    (503, "<html>", Ambiguous, Unavailable),
]


@pytest.mark.parametrize(("status", "text", "money", "read"), TABLE)
async def test_what_an_answer_means_depends_on_whether_money_moves(status, text, money, read):
    assert type(await failure_of(OtherSide(status, text), moving())) is money
    assert type(await failure_of(OtherSide(status, text), reading())) is read


async def test_an_answer_that_is_too_long_says_so():
    failure = await failure_of(OtherSide(text="x" * (LIMIT + 1)), reading())
    assert failure.evidence.code == TOO_LARGE


async def test_a_failure_names_the_other_side_and_what_was_asked():
    failure = await failure_of(OtherSide(503), moving(request_id="a-request"))
    assert failure.detail.startswith("Someone reported a failure of its own: POST somewhere")
    assert failure.evidence.provider == "Someone"
    assert failure.evidence.request_id == "a-request"
    assert failure.evidence.http_status == 503


async def test_a_question_whose_path_says_nothing_is_named_by_its_subject():
    asked = post_json(
        "", {"method": "getHealth"}, moves_money=False, read_timeout_seconds=5, subject="getHealth"
    )
    assert "getHealth" in (await failure_of(OtherSide(503), asked)).detail


async def test_a_json_object_is_handed_in_at_the_address_itself():
    other_side = OtherSide(text='{"result": 0.1}')
    document = {"jsonrpc": "2.0", "id": 2**63, "params": {"filters": [{"on": True}]}}
    asked = post_json("", document, moves_money=True, read_timeout_seconds=5)
    reply = await ask(other_side, asked, base_url="https://x.test/rpc/")
    (request,) = other_side.asked
    assert (request.method, str(request.url)) == ("POST", "https://x.test/rpc/")
    assert request.headers["content-type"] == "application/json"
    assert (
        request.content
        == b'{"jsonrpc":"2.0","id":9223372036854775808,"params":{"filters":[{"on":true}]}}'
    )
    assert reply.document == {"result": Decimal("0.1")}


async def test_a_form_is_handed_in():
    other_side = OtherSide()
    form = {"tx": "AA+/=="}
    asked = post_form("transactions", form, moves_money=True, read_timeout_seconds=5)
    await ask(other_side, asked)
    (request,) = other_side.asked
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.content == b"tx=AA%2B%2F%3D%3D"


async def test_a_query_is_asked_and_never_logged(caplog):
    """I18: httpx logs the address of every request."""
    caplog.set_level(logging.DEBUG)
    other_side = OtherSide()
    await ask(other_side, reading(query={"account": "45012345678"}))
    (request,) = other_side.asked
    assert request.extensions["target"].endswith(b"/somewhere?account=45012345678")
    assert "x.test" in caplog.text
    assert "45012345678" not in caplog.text


async def test_without_tls_the_address_is_left_whole_for_a_proxy():
    """A proxy that is handed a target without its host does not know where to go."""
    other_side = OtherSide()
    await ask(other_side, reading(query={"cursor": "7"}), base_url="http://x.test")
    (request,) = other_side.asked
    assert str(request.url) == "http://x.test/somewhere?cursor=7"
    assert "target" not in request.extensions


class Gatekeeper:
    """A gate that remembers, and refuses when told to."""

    def __init__(self, *, refuses=False):
        self._refuses = refuses
        self.entered = []
        self.closed_for = []

    async def enter(self, *, moves_money, is_urgent):
        self.entered.append((moves_money, is_urgent))
        if self._refuses:
            raise Unavailable("not now")

    def close_for(self, seconds):
        self.closed_for.append(seconds)


async def test_what_moves_money_is_urgent_and_what_reads_may_be():
    gate = Gatekeeper()
    for question in (moving(), reading(), reading(is_urgent=True)):
        await ask(OtherSide(), question, gate=gate)
    assert gate.entered == [(True, True), (False, False), (False, True)]


async def test_whom_the_gate_refuses_has_asked_nothing():
    other_side = OtherSide()
    failure = await failure_of(other_side, moving(), gate=Gatekeeper(refuses=True))
    assert type(failure) is Unavailable
    assert other_side.asked == []


@pytest.mark.parametrize(
    ("status", "header", "closed_for"),
    [(429, "7", [7]), (429, "999999", [3600]), (429, "soon", []), (503, "7", [])],
)
async def test_being_asked_to_slow_down_closes_the_gate(status, header, closed_for):
    """Fault 8."""
    gate = Gatekeeper()
    await failure_of(OtherSide(status, Retry_After=header), reading(), gate=gate)
    assert gate.closed_for == closed_for

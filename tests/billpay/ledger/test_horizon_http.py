"""The table of `billpay.ledger.horizon_http`, row by row, against sockets that misbehave."""

import asyncio
import json
import socket
import struct
from contextlib import asynccontextmanager

import httpx
import pytest

from billpay import exchange
from billpay.failures import Ambiguous, Failure, Misconfigured, Unavailable
from billpay.ledger import horizon_http
from billpay.ledger.horizon_http import HorizonHttp, is_refusal
from tests.billpay.ledger.wire import as_http, listening, problem, read_request

READS, SUBMITS = "reads", "submits"
BOTH = pytest.mark.parametrize("way", [READS, SUBMITS])
KEY = "a-providers-key-in-its-address"


async def ask(http, way):
    return await (http.get("accounts/G") if way == READS else http.submit("AAAA=="))


@asynccontextmanager
async def client(base_url, transport=None):
    http = HorizonHttp(f"{base_url}/{KEY}/", transport=transport)
    try:
        yield http
    finally:
        await http.close()


async def answer_of(speak, way):
    async with listening(speak) as url, client(url) as http:
        return await ask(http, way)


async def failure_of(speak, way):
    with pytest.raises(Failure) as raised:
        await answer_of(speak, way)
    assert KEY not in raised.value.detail
    assert raised.value.__cause__ is raised.value.__context__ is None
    assert raised.value.evidence.provider == "Horizon"
    return raised.value


def saying(raw):
    async def speak(reader, writer):
        await read_request(reader)
        writer.write(raw)
        await writer.drain()

    return speak


async def reset(reader, writer):
    await read_request(reader)
    writer.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
    )
    writer.transport.abort()


async def silent(reader, writer):
    await reader.read()


async def dripping(reader, writer):
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 X\r\nContent-Length: 100000\r\n\r\n")
    while not reader.at_eof():
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.01)


async def endless(reader, writer):
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"100000\r\n" + b" " * 0x100000 + b"\r\n")
        await writer.drain()


@BOTH
@pytest.mark.parametrize(
    "speak",
    [
        reset,
        saying(b""),
        saying(b"SSH-2.0-OpenSSH\r\n"),
        saying(b'HTTP/1.1 200 X\r\nContent-Length: 50\r\n\r\n{"hash":'),
        saying(as_http("<html>maintenance</html>")),
        saying(as_http('{"hash":')),
        saying(as_http([])),
        saying(as_http("9" * 5_000)),
        saying(as_http("[" * 200_000)),
        saying(as_http((504, "<html>gateway</html>"))),
        saying(as_http(problem(504, "timeout", hash="ab"))),
        saying(as_http(problem(503, "stale_history"))),
        saying(as_http(problem(500, "server_error"))),
        saying(as_http((408, ""))),
        endless,
    ],
    ids=[
        "reset",
        "closed",
        "not HTTP",
        "cut off",
        "HTML",
        "half JSON",
        "list",
        "number",
        "deep",
        "504 HTML",
        "504",
        "503",
        "500",
        "408",
        "endless",
    ],
)
async def test_no_usable_answer_leaves_a_submission_in_doubt_and_a_read_undone(speak, way):
    """Faults 8, 9 and 27."""
    failure = await failure_of(speak, way)
    assert type(failure) is (Unavailable if way == READS else Ambiguous)


@pytest.mark.parametrize("speak", [silent, dripping], ids=["silent", "dripping"])
@pytest.mark.parametrize(("way", "kind"), [(READS, Unavailable), (SUBMITS, Ambiguous)])
async def test_an_answer_that_does_not_come_in_time_is_given_up(speak, way, kind, monkeypatch):
    """Fault 27: a body that drips outlives every timeout between bytes."""
    for name in ("READ", "SUBMIT_READ"):
        monkeypatch.setattr(horizon_http, f"{name}_TIMEOUT_SECONDS", 0.1)
    for name in ("CONNECT", "WRITE", "POOL"):
        monkeypatch.setattr(exchange, f"{name}_TIMEOUT_SECONDS", 0.1)
    assert type(await failure_of(speak, way)) is kind


@BOTH
async def test_a_server_that_cannot_be_reached_has_done_nothing(way):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        async with client(f"http://127.0.0.1:{closed.getsockname()[1]}") as http:
            with pytest.raises(Unavailable):
                await ask(http, way)


@BOTH
@pytest.mark.parametrize(
    ("raised", "reading", "submitting"),
    [
        (httpx.ConnectTimeout(""), Unavailable, Unavailable),
        (httpx.PoolTimeout(""), Unavailable, Unavailable),
        (httpx.WriteError(""), Unavailable, Ambiguous),
        (httpx.WriteTimeout(""), Unavailable, Ambiguous),
        (httpx.UnsupportedProtocol(""), Misconfigured, Misconfigured),
        (RuntimeError("nobody foresaw this"), Unavailable, Ambiguous),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
async def test_what_no_socket_here_provokes_is_in_the_table_too(way, raised, reading, submitting):
    def fail(_):
        raise raised

    async with client("http://127.0.0.1:1", httpx.MockTransport(fail)) as http:
        with pytest.raises(reading if way == READS else submitting):
            await ask(http, way)


@BOTH
@pytest.mark.parametrize(
    "answer",
    [
        problem(400, "bad_request"),
        problem(401, "unauthorized"),
        problem(403, "forbidden"),
        problem(410, "before_history"),
        problem(415, "unsupported_media_type"),
        (404, {"detail": "Not Found"}),
        (404, "<html>no such page</html>"),
        (404, {"type": 404}),
        (302, ""),
    ],
    ids=lambda answer: str(answer[0]),
)
async def test_a_refused_question_is_ours_to_mend(answer, way):
    """Fault 10, and a 404 in another voice than Horizon's: no absence may be read from it."""
    assert type(await failure_of(saying(as_http(answer)), way)) is Misconfigured


@BOTH
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "7"}, 7),
        ({"Retry_After": "999999"}, 3600),
        ({"Retry_After": "Mon, 02 Mar 2026 09:00:00 GMT"}, None),
        ({}, None),
    ],
)
async def test_being_asked_to_slow_down_is_obeyed(headers, seconds, way):
    """Fault 8."""
    raw = as_http(problem(429, "rate_limit_exceeded"), **headers)
    failure = await failure_of(saying(raw), way)
    assert type(failure) is Unavailable
    assert failure.retry_after_seconds == seconds
    assert failure.evidence.http_status == 429


async def test_an_absence_in_horizons_own_words_is_an_answer():
    assert await answer_of(saying(as_http(problem(404, "not_found"))), READS) is None
    bare = (404, {"type": "not_found"})
    assert await answer_of(saying(as_http(bare)), READS) is None


async def test_a_submission_that_finds_nothing_there_is_ours_to_mend():
    failure = await failure_of(saying(as_http(problem(404, "not_found"))), SUBMITS)
    assert type(failure) is Misconfigured


async def test_a_refused_transaction_is_an_answer():
    reply = await answer_of(saying(as_http(problem(400, "transaction_failed"))), SUBMITS)
    assert is_refusal(reply)


async def test_numbers_never_become_floats():
    reply = await answer_of(saying(as_http('{"amount": 0.1}')), READS)
    assert json.dumps(reply.document, default=str) == '{"amount": "0.1"}'


@pytest.mark.parametrize(("value", "ledger"), [("1200", 1_200), ("", None), ("x", None)])
async def test_a_server_says_as_of_which_ledger_it_answers(value, ledger):
    reply = await answer_of(saying(as_http({}, Latest_Ledger=value)), READS)
    assert reply.latest_ledger == ledger


async def test_a_submission_is_form_encoded_and_sent_once():
    """Horizon takes no other encoding; whether to send again is the treasury's decision alone (fault 25)."""
    asked = []

    async def speak(reader, writer):
        asked.append(await read_request(reader))
        writer.write(as_http((504, "")))
        await writer.drain()

    await failure_of(speak, SUBMITS)
    (request,) = asked
    assert (request.method, request.path) == ("POST", f"/{KEY}/transactions")
    assert request.form == {"tx": "AAAA=="}
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"


def test_a_submission_is_waited_for_longer_than_horizon_waits_for_a_ledger():
    assert horizon_http.SUBMIT_READ_TIMEOUT_SECONDS > 30

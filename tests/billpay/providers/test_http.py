"""The table of `billpay.providers.http_failures`, row by row, against sockets that misbehave."""

import asyncio
import gzip
import logging
import socket
import struct
from contextlib import asynccontextmanager
from decimal import Decimal

import httpx
import pytest
from pydantic import SecretStr

from billpay import exchange
from billpay.failures import Ambiguous, Misconfigured, Unavailable
from billpay.providers import http
from billpay.providers.http import ProviderHttp, Question, host_of

KEY = "a-key-that-nobody-may-see"
BOTH_WAYS = pytest.mark.parametrize("moves_money", [True, False], ids=["money", "read"])


def question(*, moves_money=True, **changes):
    facts = {
        "method": "POST",
        "path": "pay",
        "moves_money": moves_money,
        "read_timeout_seconds": 5,
        "keys": {"api-key": SecretStr(KEY)},
        "body": {"account": "45012345678"},
        "request_id": "202611230901abc",
    }
    return Question(**facts | changes)


@asynccontextmanager
async def server(speak):
    """Run `speak(reader, writer)` for each connection, after its request was read in whole."""

    async def serve(reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = head.lower().split(b"content-length:")[1].split(b"\r\n")[0]
            await reader.readexactly(int(length))
            await speak(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    finally:
        listener.close()
        await listener.wait_closed()


def saying(*chunks):
    """Send these bytes and close."""

    async def speak(_, writer):
        for chunk in chunks:
            writer.write(chunk)
            await writer.drain()

    return speak


def head(status=200, *headers):
    return "\r\n".join([f"HTTP/1.1 {status} X", *headers, "\r\n"]).encode()


def whole(body, status=200, *headers):
    return head(status, f"Content-Length: {len(body)}", *headers) + body


async def reset(_, writer):
    writer.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
    )
    writer.transport.abort()


async def silent(reader, _):
    await reader.read()


async def dripping(reader, writer):
    writer.write(head(200, "Content-Length: 100000"))
    while not reader.at_eof():
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.01)


async def endless(_, writer):
    writer.write(head(200, "Transfer-Encoding: chunked"))
    while True:
        writer.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        await writer.drain()


async def asked_of(address, **changes):
    client = ProviderHttp("Someone", address)
    try:
        return await client.ask(question(**changes), lambda reply: reply)
    finally:
        await client.close()


async def failure_of(speak, **changes):
    async with server(speak) as address:
        with pytest.raises((Ambiguous, Unavailable, Misconfigured)) as raised:
            await asked_of(address, **changes)
    assert raised.value.evidence.provider == "Someone"
    assert raised.value.evidence.request_id == "202611230901abc"
    assert raised.value.__cause__ is raised.value.__context__ is None
    return raised.value


@BOTH_WAYS
@pytest.mark.parametrize(
    "speak",
    [
        reset,
        saying(b""),
        saying(b"SSH-2.0-OpenSSH\r\n"),
        saying(head(200, "Content-Length: 50"), b'{"code":'),
        saying(head(200, "Transfer-Encoding: chunked"), b'8\r\n{"code":\r\n'),
        saying(whole(b"<html>maintenance</html>")),
        saying(whole(b"")),
        saying(whole(b'{"code":"000"')),
        saying(whole(b"[]")),
        saying(whole(b'"text"')),
        saying(whole(b"null")),
        saying(whole(b'{"amount":NaN}')),
        saying(whole(b'{"amount":' + b"9" * 5000 + b"}")),
        saying(whole(b"[" * 200_000)),
        saying(whole('{"name":"é"}'.encode("latin-1"))),
        saying(whole(b'{"code":"000"}', 200, "Content-Encoding: gzip")),
        saying(whole(b" " * http.BODY_LIMIT_BYTES + b"{}")),
        endless,
        saying(whole(b"<html>Bad Gateway</html>", 502)),
        saying(whole(b'{"code":"016"}', 500)),
        saying(whole(b'{"code":"016"}', 503)),
        saying(whole(b"", 408)),
        saying(whole(b"<html>Too Many Requests</html>", 429)),
    ],
)
async def test_what_may_have_been_done_is_never_called_undone(speak, moves_money):
    """Fault 30 to 36, I13: after the request has left, only an answer can say that nothing happened."""
    failure = await failure_of(speak, moves_money=moves_money)
    assert type(failure) is (Ambiguous if moves_money else Unavailable)


@pytest.mark.parametrize("speak", [silent, dripping])
@BOTH_WAYS
async def test_no_answer_in_time_leaves_a_purchase_in_doubt(speak, moves_money, monkeypatch):
    """Fault 30, 35: silence, and an answer that drips for ever."""
    for phase in ("CONNECT", "WRITE", "POOL"):
        monkeypatch.setattr(exchange, f"{phase}_TIMEOUT_SECONDS", 0.1)
    failure = await failure_of(speak, moves_money=moves_money, read_timeout_seconds=0.2)
    assert type(failure) is (Ambiguous if moves_money else Unavailable)
    assert "did not answer in time" in failure.detail


@BOTH_WAYS
@pytest.mark.parametrize(
    "answer",
    [
        whole(b'{"code":"087"}', 401),
        whole(b"<html>Unauthorized</html>", 401),
        whole(b'{"code":"027"}', 403),
    ],
)
async def test_a_refused_key_is_ours_to_mend(answer, moves_money):
    """Fault 44."""
    assert type(await failure_of(saying(answer), moves_money=moves_money)) is Misconfigured


@pytest.mark.parametrize(
    "answer",
    [
        whole(b"<html>Forbidden</html>", 403),
        whole(b"<html>Not Found</html>", 404),
        whole(b"", 301, "Location: https://elsewhere.test/"),
        whole(b"", 303, "Location: /login"),
        whole(b'{"code":"000"}', 307, "Location: /pay"),
    ],
)
async def test_a_page_in_the_place_of_an_answer_proves_nothing_about_a_purchase(answer):
    """Fault 34: a filter or a redirect may speak after the sale; for a read the address is wrong."""
    assert type(await failure_of(saying(answer), moves_money=True)) is Ambiguous
    assert type(await failure_of(saying(answer), moves_money=False)) is Misconfigured


@BOTH_WAYS
@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), ("99999999999", 3600), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("", None)],
)
async def test_a_provider_that_asks_for_patience_gets_it(moves_money, header, seconds):
    """Fault 51."""
    answer = whole(b'{"code":"089"}', 429, f"Retry-After: {header}")
    failure = await failure_of(saying(answer), moves_money=moves_money)
    assert type(failure) is Unavailable
    assert failure.retry_after_seconds == seconds


@BOTH_WAYS
async def test_a_refused_connection_sold_nothing(moves_money):
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    with pytest.raises(Unavailable, match="could not be reached"):
        await asked_of(f"http://127.0.0.1:{port}", moves_money=moves_money)


@BOTH_WAYS
@pytest.mark.parametrize("address", ["ftp://127.0.0.1", "nowhere", "http://a:port"])
async def test_an_address_that_is_none_is_ours_to_mend(address, moves_money):
    with pytest.raises(Misconfigured, match="address"):
        await asked_of(address, moves_money=moves_money)


PHASES = [
    (httpx.ConnectTimeout, Unavailable, Unavailable),
    (httpx.PoolTimeout, Unavailable, Unavailable),
    (httpx.ProxyError, Unavailable, Unavailable),
    (httpx.WriteError, Ambiguous, Unavailable),
    (httpx.WriteTimeout, Ambiguous, Unavailable),
    (httpx.LocalProtocolError, Ambiguous, Unavailable),
    (OSError, Ambiguous, Unavailable),
    (ZeroDivisionError, Ambiguous, Unavailable),
]


@pytest.mark.parametrize(("raised", "money", "read"), PHASES)
async def test_phases_that_no_loopback_socket_shows(raised, money, read):
    def fail(_):
        raise raised("with the key in it: " + KEY)

    client = ProviderHttp("Someone", "http://x.test", transport=httpx.MockTransport(fail))
    for moves_money, expected in ((True, money), (False, read)):
        with pytest.raises(expected) as failure:
            await client.ask(question(moves_money=moves_money), lambda reply: reply)
        assert type(failure.value) is expected
        assert KEY not in str(failure.value)


async def test_being_cancelled_is_no_answer_of_the_provider():
    """A worker that stops must not read its own stopping as a failure of theirs."""
    async with server(silent) as address:
        asking = asyncio.create_task(asked_of(address))
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b'{"amount": 0.70000000000000001, "id": 12345678901234567890123456}', ()),
        (b'\xef\xbb\xbf{"amount": 0.70000000000000001, "id": 12345678901234567890123456}', ()),
        (
            gzip.compress(b'{"amount": 0.70000000000000001, "id": 12345678901234567890123456}'),
            ("Content-Encoding: gzip",),
        ),
    ],
    ids=["plain", "with a BOM", "compressed unasked"],
)
async def test_numbers_are_never_floats(body, headers):
    """Fault 35, 46, I5: a token written as a number has more digits than a float keeps."""
    async with server(saying(whole(body, 200, *headers))) as address:
        reply = await asked_of(address)
    assert reply.document["amount"] == Decimal("0.70000000000000001")
    assert reply.document["id"] == 12345678901234567890123456
    assert "0.70000000000000001" in reply.text


@pytest.mark.parametrize("status", [200, 201, 400, 404, 422])
async def test_a_json_object_is_an_answer_whatever_its_status(status):
    async with server(saying(whole(b'{"code":"015"}', status))) as address:
        reply = await asked_of(address)
    assert (reply.status, reply.document) == (status, {"code": "015"})


async def test_a_question_is_asked_once():
    """I4: no layer below repeats a purchase, whatever becomes of its answer."""
    heard = []

    async def once(_, writer):
        heard.append(1)
        await reset(_, writer)

    await failure_of(once)
    assert heard == [1]


async def test_each_question_has_a_connection_of_its_own():
    """A kept connection that is just being closed would make a sale ambiguous."""
    heard = []

    async def greedy(reader, writer):
        heard.append(1)
        writer.write(whole(b"{}", 200, "Connection: keep-alive"))
        await reader.read()

    async with server(greedy) as address:
        client = ProviderHttp("Someone", address)
        for _ in range(3):
            await client.ask(question(), lambda reply: reply)
        await client.close()
    assert heard == [1, 1, 1]


async def test_a_failure_of_ours_in_an_answer_is_passed_on():
    def refuse(_):
        raise Unavailable("they said no")

    async with server(saying(whole(b"{}"))) as address:
        client = ProviderHttp("Someone", address)
        with pytest.raises(Unavailable, match="they said no"):
            await client.ask(question(), refuse)
        await client.close()


async def test_neither_keys_nor_accounts_are_repeated(caplog):
    """I18: in no log of any library, and in no question's or reply's repr."""
    caplog.set_level(logging.DEBUG)
    async with server(saying(whole(b'{"account":"45012345678"}'))) as address:
        reply = await asked_of(address)
    said = f"{caplog.text} {question()!r} {reply!r}"
    assert "127.0.0.1" in said
    assert KEY not in said
    assert "45012345678" not in said


@pytest.mark.parametrize(
    ("base", "suffix", "url"),
    [
        ("http://x.test", "/api", "http://x.test/api/pay"),
        ("http://x.test/", "/api", "http://x.test/api/pay"),
        ("http://x.test/api", "/api", "http://x.test/api/pay"),
        ("http://x.test/api/", "/api", "http://x.test/api/pay"),
        ("http://x.test/vtpass", "/api", "http://x.test/vtpass/api/pay"),
        ("http://x.test/v3", "", "http://x.test/v3/pay"),
    ],
)
async def test_a_base_address_may_carry_the_suffix(base, suffix, url):
    asked = []

    def answer(request):
        asked.append(str(request.url))
        return httpx.Response(200, json={})

    client = ProviderHttp("X", base, suffix=suffix, transport=httpx.MockTransport(answer))
    await client.ask(question(), lambda reply: reply)
    assert asked == [url]


def test_a_proxy_of_the_environment_is_not_used_for_loopback(monkeypatch):
    """A provider may have whitelisted the proxy's address; a sandbox on this machine has none."""
    monkeypatch.setenv("ALL_PROXY", "http://proxy.test:3128")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert ProviderHttp("X", "http://127.0.0.1:9")._exchange._client._mounts == {}
    assert ProviderHttp("X", "https://vtpass.com")._exchange._client._mounts


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("HTTPS://VTpass.COM./api", "vtpass.com"),
        ("http://[::1]:8/", "::1"),
        ("x", ""),
        ("http://[", ""),
    ],
)
def test_a_host_is_read_in_lower_case(address, host):
    assert host_of(address) == host

"""Horizon's documents, each with one good default to vary, and a server on a real socket that says what it is told."""

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from stellar_sdk import Keypair, MuxedAccount, StrKey

from billpay.ledger.horizon import Horizon

PASSPHRASE = "a network of these tests"


def keypair(name):
    return Keypair.from_raw_ed25519_seed(hashlib.sha256(f"ledger tests, {name}".encode()).digest())


WALLET = keypair("wallet").public_key
ISSUER = keypair("issuer").public_key
PAYER = keypair("payer").public_key
STRANGER = keypair("stranger").public_key
CONTRACT = StrKey.encode_contract(hashlib.sha256(b"ledger tests, contract").digest())
MUXED_PAYER = MuxedAccount(PAYER, 7).account_muxed
MUXED_WALLET = MuxedAccount(WALLET, 7).account_muxed
CNGN = {"asset_type": "credit_alphanum4", "asset_code": "cNGN", "asset_issuer": ISSUER}
HASH = hashlib.sha256(b"ledger tests, a transaction").hexdigest()
CLOSED_AT = "2026-03-02T09:30:00Z"
FAILED_RESULT = "AAAAAAAAAGT/////AAAAAQAAAAAAAAAB////+gAAAAA="
"""txFAILED with PAYMENT_NO_TRUST."""

FIRST = (1_000 << 32) + (1 << 12) + 1
"""The first operation of ledger 1,000."""


def transaction(**changes):
    """A transaction as `join=transactions` or its own address gives it."""
    facts = {
        "id": HASH,
        "hash": HASH,
        "successful": True,
        "ledger": 1_000,
        "created_at": CLOSED_AT,
        "source_account": PAYER,
        "source_account_sequence": "12884901889",
        "fee_charged": "100",
        "operation_count": 1,
        "envelope_xdr": "AAAA",
        "result_xdr": "AAAAAAAAAGQAAAAAAAAAAQAAAAAAAAABAAAAAAAAAAA=",
        "memo_type": "text",
        "memo": "BILL-x",
        "memo_bytes": base64.b64encode(b"BILL-x").decode(),
        "signatures": [],
    }
    return without_none(facts | changes)


def payment(position=FIRST, **changes):
    """A payment of 5,030 cNGN to the wallet."""
    facts = {
        "id": str(position),
        "paging_token": str(position),
        "transaction_successful": True,
        "source_account": PAYER,
        "type": "payment",
        "type_i": 1,
        "created_at": CLOSED_AT,
        "transaction_hash": HASH,
        **CNGN,
        "from": PAYER,
        "to": WALLET,
        "amount": "5030.0000000",
        "transaction": transaction(),
    }
    return without_none(facts | changes)


def movement(**changes):
    """One element of `asset_balance_changes`."""
    facts = {
        **CNGN,
        "type": "transfer",
        "from": CONTRACT,
        "to": WALLET,
        "amount": "5030.0000000",
        "destination_muxed_id": "42",
    }
    return without_none(facts | changes)


def contract_call(*movements, position=FIRST, **changes):
    """A contract invocation in which the asset moved."""
    facts = payment(
        position,
        type="invoke_host_function",
        type_i=24,
        asset_balance_changes=list(movements),
        transaction=transaction(memo_type="none", memo=None, memo_bytes=None),
        **dict.fromkeys([*CNGN, "from", "to", "amount"]),
    )
    return without_none(facts | changes)


def page(*records):
    return {"_links": {"next": {"href": "ignored"}}, "_embedded": {"records": list(records)}}


def root(**changes):
    facts = {
        "horizon_version": "28.0.0",
        "history_latest_ledger": 1_200,
        "history_latest_ledger_closed_at": CLOSED_AT,
        "history_elder_ledger": 2,
        "core_latest_ledger": 1_200,
        "network_passphrase": PASSPHRASE,
    }
    return without_none(facts | changes)


def account(address=PAYER, *, lines=None, **changes):
    native = {"asset_type": "native", "balance": "9.9999900", "selling_liabilities": "0.0000000"}
    facts = {
        "id": address,
        "account_id": address,
        "sequence": "12884901888",
        "balances": [*([trustline()] if lines is None else lines), native],
        "data": {},
    }
    return without_none(facts | changes)


def trustline(**changes):
    facts = {
        **CNGN,
        "balance": "100.0000000",
        "limit": "922337203685.4775807",
        "buying_liabilities": "0.0000000",
        "selling_liabilities": "0.0000000",
        "is_authorized": True,
        "is_authorized_to_maintain_liabilities": True,
    }
    return without_none(facts | changes)


def problem(status, name, **extras):
    document = {
        "type": f"https://stellar.org/horizon-errors/{name}",
        "title": name,
        "status": status,
        "detail": "in Horizon's words",
    }
    return status, document | ({"extras": extras} if extras else {})


def refused(*codes, **extras):
    """The answer to a submission that was refused or failed."""
    transaction_code, *operations = codes
    named = {"transaction": transaction_code} | ({"operations": operations} if operations else {})
    return problem(400, "transaction_failed", result_codes=named, **extras)


NOT_FOUND = problem(404, "not_found")


def without_none(facts):
    return {name: value for name, value in facts.items() if value is not None}


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    form: dict[str, str]
    headers: dict[str, str]


@dataclass
class Server:
    """What a Horizon says, by path; a list is said one after the other, its last entry for ever.

    Nothing is found at any other path: it is an old one that takes no envelope without waiting.
    """

    answers: dict[str, object] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    def paths(self):
        return [f"{asked.method} {asked.path}" for asked in self.asked]

    def answer_to(self, asked):
        answer = self.answers.get(asked.path, NOT_FOUND)
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        return answer(asked) if callable(answer) else answer


Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(speak: Speak) -> AsyncIterator[str]:
    """Listen on a free port; each connection is handled by `speak` and then closed."""

    async def serve(reader, writer):
        try:
            await speak(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    finally:
        listener.close()
        await listener.wait_closed()


@asynccontextmanager
async def serving(answers: dict[str, object]) -> AsyncIterator[Server]:
    """Answer every path with its document, or with a status and a document or text; others as Horizon would."""
    server = Server(answers)

    async def speak(reader, writer):
        asked = await read_request(reader)
        server.asked.append(asked)
        answer = server.answer_to(asked)
        writer.write(answer if isinstance(answer, bytes) else as_http(answer))
        await writer.drain()

    async with listening(speak) as server.url:
        yield server


@asynccontextmanager
async def horizon(answers, **facts):
    """Our Horizon and the server it asks; facts are arguments of its constructor."""
    async with serving(answers) as server:
        source = Horizon(base_url=server.url, asset_code="cNGN", asset_issuer=ISSUER, **facts)
        try:
            yield source, server
        finally:
            await source.close()


async def read_request(reader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    method, target, _ = head[0].split(" ")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:-2])}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    address = urlsplit(target)
    return Asked(method, address.path, _first(address.query), _first(body.decode()), headers)


def _first(encoded):
    return {name: values[0] for name, values in parse_qs(encoded, keep_blank_values=True).items()}


def as_http(answer, **headers) -> bytes:
    status, document = answer if isinstance(answer, tuple) else (200, answer)
    body = (document if isinstance(document, str) else json.dumps(document)).encode()
    named = {"Content-Length": len(body)} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in named.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body

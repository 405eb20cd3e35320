"""Stellar RPC's answers, each with one good default to vary, and a server that says what it is told."""

import json
from dataclasses import dataclass, field

import httpx
from stellar_sdk import (
    Account,
    Asset,
    Payment,
    TransactionBuilder,
    scval,
)

from billpay.ledger.rpc import StellarRpc
from tests.billpay.ledger.wire import (
    CLOSED_AT,
    HASH,
    ISSUER,
    PASSPHRASE,
    PAYER,
    WALLET,
    keypair,
    without_none,
)

ADDRESS = "https://rpc.example/a-key-in-the-path"
ASSET = Asset("cNGN", ISSUER)
CONTRACT_ID = ASSET.contract_id(PASSPHRASE)
LEDGER = 1_000
OLDEST, LATEST = 900, 1_200
WHO = scval.to_address
RANGE = {
    "latestLedger": LATEST,
    "latestLedgerCloseTime": "1772443800",
    "oldestLedger": OLDEST,
    "oldestLedgerCloseTime": "1772440000",
}
UNKNOWN_ADDRESS = "AAAAEgAAAAU" + "A" * 43 + "="
"""An address of a kind that our XDR does not know."""


def place(operation=0, transaction=1, ledger=LEDGER):
    """The place of an operation as RPC counts it."""
    return ledger << 32 | transaction << 12 | operation


def event_id(at, order=0):
    return f"{at:019d}-{order:010d}"


def transfer(sender=PAYER, receiver=WALLET, at=None, order=0, **changes):
    """A transfer of 5,030 cNGN to the wallet."""
    topics = [
        scval.to_symbol("transfer"),
        WHO(sender),
        WHO(receiver),
        scval.to_string("cNGN:" + ISSUER),
    ]
    return event([topic.to_xdr() for topic in topics], at=at, order=order, **changes)


def event(topics, *, at=None, order=0, amount=50_300_000_000, mark=None, **changes):
    at = place() if at is None else at
    value = scval.to_int128(amount)
    if mark is not None:
        value = scval.to_struct({"amount": value, "to_muxed_id": mark})
    facts = {
        "type": "contract",
        "ledger": at >> 32,
        "ledgerClosedAt": CLOSED_AT,
        "contractId": CONTRACT_ID,
        "id": event_id(at, order),
        "operationIndex": at & 0xFFF,
        "transactionIndex": at >> 12 & 0xFFFFF,
        "txHash": HASH,
        "topic": topics,
        "value": value.to_xdr(),
    }
    return without_none(facts | changes)


def words(kind, *addresses):
    """Topics of an event: its kind, who, and the asset."""
    topics = [scval.to_symbol(kind), *map(WHO, addresses), scval.to_string("cNGN:" + ISSUER)]
    return [topic.to_xdr() for topic in topics]


def page(*events, looked_through=LATEST, **changes):
    """An answer of `getEvents` that has looked through everything up to a ledger."""
    cursor = event_id(looked_through << 32 | 0xFFFFFFFF, 2**32 - 1)
    return {"events": list(events), "cursor": cursor} | RANGE | changes


def full(*events, **changes):
    """An answer of `getEvents` that has found enough."""
    return page(*events, cursor=events[-1]["id"], **changes)


def envelope_xdr(*operations, memo=None, source=None):
    """A transaction's envelope; one payment to the wallet where nothing is told."""
    payer = keypair("payer")
    builder = TransactionBuilder(Account(source or payer.public_key, 1), PASSPHRASE, base_fee=100)
    builder.operations.extend(operations or [Payment(WALLET, ASSET, "5030")])
    if memo is not None:
        builder.add_memo(memo)
    envelope = builder.add_time_bounds(0, 0).build()
    envelope.sign(payer)
    return envelope.to_xdr()


def transaction(**changes):
    """An answer of `getTransaction`."""
    facts = {
        "status": "SUCCESS",
        "txHash": HASH,
        "ledger": LEDGER,
        "createdAt": "1772443000",
        "applicationOrder": 1,
        "feeBump": False,
        "envelopeXdr": envelope_xdr(),
        "resultXdr": "AAAAAAAAAGQAAAAAAAAAAQAAAAAAAAABAAAAAAAAAAA=",
    }
    return without_none(RANGE | facts | changes)


NOT_FOUND = RANGE | {"status": "NOT_FOUND", "txHash": HASH, "createdAt": "0"}
NOBODY_PAID = {
    "inclusionFee": {
        "min": "0", "p90": "0", "p99": "0", "transactionCount": "0", "ledgerCount": 50
    },
    "latestLedger": LATEST,
}  # fmt: skip
SOMEBODY_PAID = {
    "inclusionFee": {
        "min": "100", "p90": "200", "p99": "300", "transactionCount": "9", "ledgerCount": 50
    },
    "latestLedger": LATEST,
}  # fmt: skip


def refusal(code, message="in the server's words"):
    return {"error": {"code": code, "message": message}}


@dataclass
class Server:
    """Says for each method what it is told; a list one after the other, its last entry for ever."""

    answers: dict[str, object]
    calls: list[tuple[str, dict]] = field(default_factory=list)

    async def __call__(self, request):
        asked = json.loads(request.content)
        method, params = asked["method"], asked.get("params", {})
        self.calls.append((method, params))
        answer = self.answers[method]
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        answer = answer(params) if callable(answer) else answer
        if hasattr(answer, "__await__"):
            answer = await answer
        if isinstance(answer, httpx.Response):
            return answer
        told = answer if "error" in answer else {"result": answer}
        return httpx.Response(200, json={"jsonrpc": "2.0", "id": asked["id"]} | told)

    def asked(self, method):
        """The parameters of every call of a method."""
        return [params for name, params in self.calls if name == method]

    def source(self, **changes) -> StellarRpc:
        facts = {
            "base_url": ADDRESS,
            "asset_code": "cNGN",
            "asset_issuer": ISSUER,
            "network_passphrase": PASSPHRASE,
            "transport": httpx.MockTransport(self),
            "sleep": _at_once,
        }
        return StellarRpc(**facts | changes)


async def _at_once(_seconds):
    """Rest as long as a test may."""


def server(**answers) -> Server:
    """A server on which nobody has paid lately, and whatever else is told."""
    told = {"getFeeStats": NOBODY_PAID, "getTransaction": transaction()}
    told["getNetwork"] = {"passphrase": PASSPHRASE, "protocolVersion": 27}
    return Server(told | answers)

"""One ledger and the two servers that tell it: how each is reached, read, and made to fail.

This is the only code in the suite that knows one source from the other.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from stellar_sdk import (
    Account,
    Asset,
    FeeBumpTransactionEnvelope,
    Keypair,
    Memo,
    Operation,
    TransactionBuilder,
    TransactionEnvelope,
)

from billpay.clock import system_clock
from billpay.domain.deposits import Credit
from billpay.ledger.base import CreditPage, Debit, LedgerSource
from billpay.ledger.horizon import Horizon
from billpay.ledger.rpc import StellarRpc
from billpay.sandbox import identities
from tests.fixtures.sandbox import Sandbox

TREASURY = identities.treasury()
WALLET = TREASURY.public_key
ISSUER = identities.issuer()
PAYER = identities.payer(1)
HORIZON, RPC = "horizon", "rpc"
BEGINNING = str(1 << 32)
"""Right before the first ledger's first operation."""

_PATIENCE = 20
"""How many times quicker than the network's our sources are here, as its ledgers are."""


async def quickly(seconds: float) -> None:
    """Rest as one rests where ledgers close that much quicker."""
    await asyncio.sleep(seconds / _PATIENCE)


def horizon(world: Sandbox) -> LedgerSource:
    """Build our Horizon."""
    return Horizon(
        base_url=world.environment["HORIZON_URL"],
        asset_code=identities.ASSET_CODE,
        asset_issuer=ISSUER.public_key,
        sleep=quickly,
    )


def rpc(world: Sandbox) -> LedgerSource:
    """Build our RPC."""
    return StellarRpc(
        base_url=world.environment["STELLAR_RPC_URL"],
        asset_code=identities.ASSET_CODE,
        asset_issuer=ISSUER.public_key,
        network_passphrase=identities.NETWORK_PASSPHRASE,
        sleep=quickly,
    )


@dataclass(frozen=True, kw_only=True)
class Counterpart:
    """How one source's server is made to fail."""

    kind: str
    build: Callable[[Sandbox], LedgerSource]
    switches: str
    """Where its switches are."""

    oldest: str
    """The switch for its oldest ledger."""

    faults: Mapping[str, Mapping[str, Any]]
    """What is turned so that the next page fails, by name; and a submission that is taken but not answered."""

    def turn(self, world: Sandbox, **switches: Any) -> None:
        """Turn switches that both have: `lag_ledgers`, `rewind_to_ledger`."""
        world.tell(self.switches, switches)

    def forget(self, world: Sandbox, before: int) -> None:
        """Let the server have nothing older than a ledger."""
        world.tell(self.switches, {self.oldest: before})

    def fail(self, world: Sandbox, name: str) -> None:
        """Let it fail in a way that both can."""
        world.tell(self.switches, dict(self.faults[name]))


def _on_events(fault: str) -> Mapping[str, Any]:
    return {"calls": {fault: 1}, "methods": ["getEvents"]}


COUNTERPARTS = (
    Counterpart(
        kind=HORIZON,
        build=horizon,
        switches="/world/ledger/faults",
        oldest="elder_ledger",
        faults={
            "429": {"calls": {"payments_429": 1}, "retry_after_seconds": 7},
            "503": {"calls": {"payments_503": 1}},
            "504": {"calls": {"reads_504": 1}},
            "html": {"calls": {"payments_html": 1}},
            "truncated": {"calls": {"payments_truncated": 1}},
            "unanswered": {"calls": {"async_504": 1}},
            "reset": {"calls": {"async_reset": 1}},
            "dropped": {"calls": {"async_pending_dropped": 1}},
        },
    ),
    Counterpart(
        kind=RPC,
        build=rpc,
        switches="/world/rpc/faults",
        oldest="oldest_ledger",
        faults={
            "429": {**_on_events("rpc_429"), "retry_after_seconds": 7},
            "503": _on_events("rpc_503"),
            "504": _on_events("rpc_504"),
            "html": _on_events("rpc_html"),
            "truncated": _on_events("rpc_truncated"),
            "unanswered": {"calls": {"send_504": 1}},
            "reset": {"calls": {"send_reset": 1}},
            "dropped": {"calls": {"send_dropped": 1}},
        },
    ),
)


@dataclass
class HeldClock:
    """A clock that the tests move: a ledger closes when they say so."""

    since: timedelta = timedelta()
    begin: Any = field(default_factory=system_clock)

    def __call__(self) -> Any:
        """Answer the time."""
        return self.begin + self.since

    def close_ledgers(self, count: int = 1) -> None:
        """Let so many ledgers close that take a second each."""
        self.since += timedelta(seconds=count)


@dataclass(frozen=True)
class Town:
    """A fresh world and everybody in it."""

    world: Sandbox

    def written(
        self,
        *operations: Operation,
        source: Keypair = PAYER,
        signers: Sequence[Keypair] | None = None,
        memo: Memo | None = None,
        sequence: int | None = None,
        until: int = 0,
        bumped_by: Keypair | None = None,
        named: str | None = None,
    ) -> TransactionEnvelope | FeeBumpTransactionEnvelope:
        """Write and sign a transaction; whatever is not told is right."""
        if sequence is None:
            sequence = self.world.sequence(source.public_key)
        account = Account(named or source.public_key, sequence)
        builder = TransactionBuilder(account, identities.NETWORK_PASSPHRASE, base_fee=100)
        builder.operations.extend(operations)
        builder.add_time_bounds(0, until)
        if memo is not None:
            builder.add_memo(memo)
        envelope = builder.build()
        for signer in [source] if signers is None else signers:
            envelope.sign(signer)
        if bumped_by is None:
            return envelope
        bump = TransactionBuilder.build_fee_bump_transaction(
            bumped_by, 200, envelope, identities.NETWORK_PASSPHRASE
        )
        bump.sign(bumped_by)
        return bump

    def do(self, *operations: Operation, **told: Any) -> dict[str, Any]:
        """Write a transaction and have it applied; answers Horizon's record of it."""
        response = self.world.submit(self.written(*operations, **told).to_xdr())
        document: dict[str, Any] = response.raise_for_status().json()
        return document

    def fail(self, *operations: Operation, **told: Any) -> str:
        """Write a transaction that fails in its ledger; answers its hash."""
        envelope = self.written(*operations, **told)
        assert self.world.submit(envelope.to_xdr()).status_code == 400
        return envelope.hash_hex()

    def queue(self, *operations: Operation, **told: Any) -> None:
        """Write a transaction and let it wait for the next ledger, in the order of arrival."""
        envelope = self.written(*operations, **told)
        url = f"{self.world.horizon_url}/transactions_async"
        self.world.http.post(url, data={"tx": envelope.to_xdr()}).raise_for_status()

    def at(self, clock: HeldClock) -> "Town":
        """Begin another world, whose ledgers close when its clock is told to."""
        world = replace(self.world, clock=clock, ledger_seconds=1.0)
        world.start()
        return Town(world)


async def read(
    source: LedgerSource, *, limit: int = 200, cursor: str = BEGINNING
) -> list[CreditPage]:
    """Read page by page until nothing more is waiting."""
    pages = [await source.credits_after(WALLET, cursor, limit)]
    while pages[-1].is_full:
        pages.append(await source.credits_after(WALLET, pages[-1].cursor, limit))
    return pages


def credits_of(pages: Sequence[CreditPage]) -> list[Credit]:
    """List what came in."""
    return [one for page in pages for one in page.credits]


def debits_of(pages: Sequence[CreditPage]) -> list[Debit]:
    """List what left."""
    return [one for page in pages for one in page.debits]


def asset(code: str = identities.ASSET_CODE, issuer: Keypair = ISSUER) -> Asset:
    """Name an asset; the one that counts where nothing is told."""
    return Asset(code, issuer.public_key)

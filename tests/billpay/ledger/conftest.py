"""Money that is owed back, on a real ledger whose clock may jump and in a real store."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
import pytest_asyncio
from pydantic import SecretStr

from billpay.clock import system_clock
from billpay.domain.money import cngn
from billpay.domain.refunds import Refund, RefundEnvelope, RefundPurpose
from billpay.failures import Ambiguous
from billpay.ledger.base import CreditPage, LedgerSource
from billpay.ledger.channels import Channels
from billpay.ledger.claimables import Claimables
from billpay.ledger.horizon import Horizon
from billpay.ledger.signing import SecretSigner
from billpay.ledger.treasury import Treasury
from billpay.sandbox import identities
from billpay.sandbox.journal import Journal
from billpay.store import Store
from tests.billpay.ledger import wire
from tests.billpay.ledger.said import SaidLedger, owe
from tests.fixtures.sandbox import Sandbox

TREASURY = identities.treasury().public_key
ISSUER = identities.issuer().public_key


@dataclass
class JumpingClock:
    """The system's clock, and what it was set ahead by."""

    ahead: timedelta = timedelta()

    def __call__(self):
        return system_clock() + self.ahead

    def jump(self, **by):
        self.ahead += timedelta(**by)


@pytest.fixture
def ledger_clock() -> JumpingClock:
    """The clock that the ledger closes by."""
    return JumpingClock()


@pytest.fixture
def world(sandbox, ledger_clock) -> Sandbox:
    """The simulated outside, whose ledger closes by `ledger_clock`."""
    fresh = replace(sandbox, clock=ledger_clock, journal=Journal(None), ledger_seconds=0.05)
    fresh.start()
    return fresh


@pytest_asyncio.fixture
async def source(world):
    """Our Horizon."""
    horizon = Horizon(
        base_url=world.horizon_url, asset_code=identities.ASSET_CODE, asset_issuer=ISSUER
    )
    yield horizon
    await horizon.close()


class Witnessed:
    """A refund store that tells which envelopes were stored, and how they were settled."""

    def __init__(self, refunds):
        self._refunds = refunds
        self.signed: list[RefundEnvelope] = []
        self.settled: list[str] = []

    def __getattr__(self, name):
        return getattr(self._refunds, name)

    async def save_envelope(self, envelope, **told):
        held = await self._refunds.save_envelope(envelope, **told)
        if held is None:
            self.signed.append(envelope)
        return held

    async def settle_envelope(self, transaction_hash, state, **told):
        await self._refunds.settle_envelope(transaction_hash, state, **told)
        self.settled.append(state)


@dataclass
class Debts:
    """Deposits that are to go back."""

    world: Sandbox
    store: Store
    source: LedgerSource
    refunds: Witnessed
    signer: SecretSigner = field(
        default_factory=lambda: SecretSigner(SecretStr(identities.treasury().secret))
    )

    async def owe(self, *, payer=1, amount="100", destination=None) -> Refund:
        """Let a payer's cNGN arrive and want it sent back, to another address if one is named."""
        paid = self.world.pay(None, amount, payer)
        page = await self.source.credits_after(TREASURY, "0", 200)
        (credit,) = [one for one in page.credits if one.operation_id == paid.operation_id]
        if destination is not None:
            credit = credit.model_copy(update={"payer": destination})
        await self.store.deposits.record_page(
            TREASURY, CreditPage(credits=[credit], cursor=page.cursor, is_full=False)
        )
        return await self.store.refunds.open(
            operation_id=credit.operation_id,
            purpose=RefundPurpose.WHOLE,
            amount=credit.amount,
            reason="nothing was sold",
        )

    def treasury(self, **changes) -> Treasury:
        """Build a treasury, as another worker has it."""
        facts = {
            "source": self.source,
            "signer": self.signer,
            "refunds": self.refunds,
            "channels": self.store.channels,
            "cases": self.store.cases,
            "asset_code": identities.ASSET_CODE,
            "asset_issuer": ISSUER,
            "network_passphrase": identities.NETWORK_PASSPHRASE,
            # Who finds no channel says so at once.
            "patience_seconds": 0,
        }
        return Treasury(**facts | changes)

    def channels(self, **changes) -> Channels:
        """Build the keeper of the channels."""
        facts = {
            "source": self.source,
            "signer": self.signer,
            "store": self.store.channels,
            "network_passphrase": identities.NETWORK_PASSPHRASE,
        }
        return Channels(**facts | changes)

    def claimables(self, **changes) -> Claimables:
        """Build who follows what was set aside."""
        facts = {
            "source": self.source,
            "signer": self.signer,
            "store": self.store.claimables,
            "channels": self.store.channels,
            "network_passphrase": identities.NETWORK_PASSPHRASE,
        }
        return Claimables(**facts | changes)

    def sent(self) -> list[tuple[str, int]]:
        """Tell what cNGN has really left the treasury: to whom, and how much."""
        return [
            (payment["to"], payment["amount_stroops"])
            for payment in self.world.truth_ledger()["payments"]
            if payment["from"] == TREASURY and payment["asset_code"] == identities.ASSET_CODE
        ]

    def balance(self) -> int:
        """Tell what the treasury really holds."""
        return self.world.truth_ledger()["balances"][TREASURY]


@pytest.fixture
def debts(world, store, source) -> Debts:
    """Deposits that are to go back, and what the ledger and the store say of them."""
    return Debts(world, store, source, Witnessed(store.refunds))


@pytest.fixture
def repayment() -> Callable[[int, str], tuple[str, int]]:
    """Name what must have left the treasury once a payer has its money back."""

    def of(payer: int, amount: str = "100") -> tuple[str, int]:
        return identities.payer(payer).public_key, cngn(amount)

    return of


# On a server that says what the test wants


@pytest.fixture
def ledger():
    return SaidLedger()


@pytest.fixture
def refunds(store):
    return Witnessed(store.refunds)


@pytest.fixture
def treasury(ledger, refunds, store):
    return Treasury(
        source=ledger,
        signer=SecretSigner(SecretStr(wire.keypair("wallet").secret)),
        refunds=refunds,
        channels=store.channels,
        cases=store.cases,
        asset_code="cNGN",
        asset_issuer=wire.ISSUER,
        network_passphrase=wire.PASSPHRASE,
        patience_seconds=0,
    )


@pytest.fixture
async def lost(store, ledger, treasury):
    """A refund whose one envelope was handed in and got no answer."""
    refund = await owe(store)
    with pytest.raises(Ambiguous):
        await treasury.pay(refund)
    return refund

"""A world with quick ledgers, and a scribe who writes envelopes exactly as told, right or wrong."""

from dataclasses import dataclass

import httpx
import pytest
from stellar_sdk import Account, Keypair, TransactionBuilder, TransactionEnvelope, xdr

from billpay.sandbox import identities
from tests.fixtures.sandbox import Sandbox

PAYER = identities.payer(1)


@dataclass(frozen=True)
class Scribe:
    """Writes, signs and posts transactions."""

    world: Sandbox

    def write(
        self,
        *operations,
        source=PAYER,
        signers=None,
        sequence=None,
        fee=100,
        bounds=(0, 0),
        passphrase=identities.NETWORK_PASSPHRASE,
        ledger_bounds=None,
        memo=None,
    ) -> TransactionEnvelope:
        """Write one transaction; whatever is not told is right."""
        address = source.public_key if isinstance(source, Keypair) else source
        if sequence is None:
            sequence = self.world.sequence(address) + 1
        builder = TransactionBuilder(Account(address, sequence - 1), passphrase, base_fee=fee)
        builder.operations.extend(operations)
        builder.add_time_bounds(*bounds)
        if ledger_bounds is not None:
            builder.set_ledger_bounds(*ledger_bounds)
        if memo is not None:
            builder.add_memo(memo)
        envelope = builder.build()
        for signer in [source] if signers is None else signers:
            envelope.sign(signer)
        return envelope

    def post(self, *operations, **told) -> httpx.Response:
        """Write one and post it."""
        return self.world.submit(self.write(*operations, **told))

    def do(self, *operations, **told):
        """Write one and have it applied; answers Horizon's record of it."""
        return self.post(*operations, **told).raise_for_status().json()

    def codes(self, *operations, **told) -> list[str]:
        """Write one that fails; answers its result codes in one list, after checking them against the XDR."""
        response = self.post(*operations, **told)
        assert response.status_code == 400, response.text
        problem = response.json()
        assert problem["type"].endswith("/transaction_failed")
        codes = problem["extras"]["result_codes"]
        result = xdr.TransactionResult.from_xdr(problem["extras"]["result_xdr"])
        assert len(result.result.results or []) == len(codes.get("operations", []))
        return [codes["transaction"], *codes.get("operations", [])]


@pytest.fixture
def world(sandbox_stage):
    """A fresh world whose ledgers close fifty times a second."""
    world = Sandbox(stage=sandbox_stage, http=sandbox_stage.http, ledger_seconds=0.02)
    world.start()
    return world


@pytest.fixture
def scribe(world):
    return Scribe(world)

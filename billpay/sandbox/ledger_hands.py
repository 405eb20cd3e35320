"""The hands of the sandbox's own people: they sign, submit and wait, so that the ledger has what they do like the rest.

A claim is a customer's. A contract's wallet cannot sign at all: its relayer submits the call that it agrees to.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import cache

from stellar_sdk import (
    Account,
    Address,
    Keypair,
    MuxedAccount,
    TransactionBuilder,
    scval,
    xdr,
)

from billpay.sandbox import identities
from billpay.sandbox.ledger import Ledger
from billpay.sandbox.ledger_codes import TransactionOutcome
from billpay.sandbox.ledger_contracts import SEND_ALL, TRANSFER, contract_of
from billpay.sandbox.ledger_entries import TrustLine
from billpay.sandbox.ledger_envelopes import Envelope, read_envelope
from billpay.sandbox.ledger_genesis import CNGN, PAYER_CNGN, new_account
from billpay.sandbox.ledger_queue import Queued
from billpay.sandbox.ledger_records import TransactionRecord

_WAIT_SECONDS_MAX = 60.0
_LOOK_SECONDS_MIN = 0.001
_RESOURCE_FEE = 100_000
"""What a contract's call costs besides, in stroops of XLM."""

_Write = Callable[[TransactionBuilder], object]


class Unwilling(Exception):  # noqa: N818  it is what is answered
    """The ledger did not take it, or not in time; says why in Horizon's words."""


class Hands:
    """Whoever acts in the sandbox on behalf of its makers."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def claim(self, balance_id: str, claimant: int | str) -> TransactionRecord:
        """Let a payer, the treasury or the issuer claim a balance; answers once that is in a ledger.

        Raises:
            LookupError: nobody here has that account's key.
            Unwilling: the ledger did not take it.
        """
        keypair = _keypair(claimant)
        return await self._do(
            keypair, lambda builder: builder.append_claim_claimable_balance_op(balance_id)
        )

    async def transfer(
        self, wallet: int, amounts: Sequence[int], to: str, destination_id: int | None
    ) -> TransactionRecord:
        """Let a contract's wallet send cNGN, several amounts in one call.

        It and its relayer are made, with money, where they do not exist.

        Raises:
            Unwilling: the ledger did not take it.
        """
        self._make_wallet(wallet)
        address = identities.wallet(wallet)
        if destination_id is not None:
            to = MuxedAccount(to, destination_id).account_muxed or to
        invoked = _transfer(address, to, amounts[0])
        if len(amounts) > 1:
            invoked = _sending_all(address, to, amounts)
        return await self._do(
            identities.relayer(wallet), lambda builder: _call(builder, address, invoked)
        )

    def _make_wallet(self, number: int) -> None:
        address, relayer = identities.wallet(number), identities.relayer(number).public_key
        ledger = self._ledger.newest_ledger()
        if self._ledger.find(relayer) is None:
            self._ledger.write_account(new_account(relayer, ledger))
        if self._ledger.find(address) is None:
            made = new_account(address, ledger).changed(xlm=0, signers={relayer: 1})
            self._ledger.write_account(made.with_trustline(CNGN, TrustLine(balance=PAYER_CNGN)))

    async def _do(self, source: Keypair, write: _Write) -> TransactionRecord:
        """Sign and submit until a ledger has it; what was left out for its fee is written anew."""
        try:
            async with asyncio.timeout(_WAIT_SECONDS_MAX):
                while True:
                    record = await self._tried(source, write)
                    if record is not None:
                        return record
        except TimeoutError:
            raise Unwilling("no ledger had it in time") from None

    async def _tried(self, source: Keypair, write: _Write) -> TransactionRecord | None:
        envelope = self._written(source, write)
        said = self._ledger.accept(envelope)
        if isinstance(said, TransactionOutcome):
            raise Unwilling(str(said.words(envelope)))
        if said is not Queued.PENDING:
            await self._next_ledger()
            return None
        # Until another of the source's could be taken, this one may still be.
        while self._ledger.accept(envelope) is Queued.DUPLICATE:
            await self._next_ledger()
        return self._ledger.history.transaction(envelope.transaction_hash)

    def _written(self, source: Keypair, write: _Write) -> Envelope:
        self._ledger.newest_ledger()
        account = self._ledger.find(source.public_key)
        if account is None:
            raise Unwilling(f"{source.public_key} does not exist")
        builder = TransactionBuilder(
            Account(account.address, account.sequence),
            identities.NETWORK_PASSPHRASE,
            base_fee=self._ledger.price,
        )
        write(builder)
        envelope = builder.add_time_bounds(0, 0).build()
        envelope.sign(source)
        return read_envelope(envelope.to_xdr())

    async def _next_ledger(self) -> None:
        await asyncio.sleep(max(_LOOK_SECONDS_MIN, self._ledger.closes_in_seconds()))


def _transfer(wallet: str, to: str, amount: int) -> xdr.InvokeContractArgs:
    arguments = [scval.to_address(wallet), scval.to_address(to), scval.to_int128(amount)]
    return _invocation(contract_of(CNGN), TRANSFER, arguments)


def _sending_all(wallet: str, to: str, amounts: Sequence[int]) -> xdr.InvokeContractArgs:
    listed = scval.to_vec([scval.to_int128(amount) for amount in amounts])
    arguments = [scval.to_address(contract_of(CNGN)), scval.to_address(to), listed]
    return _invocation(wallet, SEND_ALL, arguments)


def _invocation(contract: str, function: str, arguments: list[xdr.SCVal]) -> xdr.InvokeContractArgs:
    named = xdr.SCSymbol(function.encode())
    return xdr.InvokeContractArgs(Address(contract).to_xdr_sc_address(), named, arguments)


def _call(builder: TransactionBuilder, wallet: str, invoked: xdr.InvokeContractArgs) -> None:
    """Write a call that a wallet agrees to."""
    agreed = xdr.SorobanAuthorizedInvocation(
        xdr.SorobanAuthorizedFunction(
            xdr.SorobanAuthorizedFunctionType.SOROBAN_AUTHORIZED_FUNCTION_TYPE_CONTRACT_FN,
            contract_fn=invoked,
        ),
        [],
    )
    credentials = xdr.SorobanCredentials(
        xdr.SorobanCredentialsType.SOROBAN_CREDENTIALS_ADDRESS,
        address=xdr.SorobanAddressCredentials(
            Address(wallet).to_xdr_sc_address(), xdr.Int64(0), xdr.Uint32(0), scval.to_void()
        ),
    )
    auth = [xdr.SorobanAuthorizationEntry(credentials, agreed)]
    contract = Address.from_xdr_sc_address(invoked.contract_address).address
    function = invoked.function_name.sc_symbol.decode()
    builder.append_invoke_contract_function_op(contract, function, invoked.args, auth)
    builder.set_soroban_data(_resources())


def _resources() -> xdr.SorobanTransactionData:
    """Say what a call may use; nobody counts here, so only the fee is more than nothing."""
    nothing = xdr.Uint32(0)
    footprint = xdr.LedgerFootprint([], [])
    return xdr.SorobanTransactionData(
        xdr.SorobanTransactionDataExt(0),
        xdr.SorobanResources(footprint, nothing, nothing, nothing),
        xdr.Int64(_RESOURCE_FEE),
    )


def _keypair(person: int | str) -> Keypair:
    if isinstance(person, int):
        return identities.payer(person)
    known = _people().get(person)
    if known is None:
        raise LookupError(f"nobody here has the key of {person}")
    return known


@cache
def _people() -> dict[str, Keypair]:
    payers = [identities.payer(number) for number in range(1, identities.PAYERS + 1)]
    known = [identities.treasury(), identities.issuer(), *payers]
    return {keypair.public_key: keypair for keypair in known}

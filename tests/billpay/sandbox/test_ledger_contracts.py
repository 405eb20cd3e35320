"""Transfers by an asset's own contract: from accounts and from contracts' wallets, to accounts and to their ids."""

import pytest
from stellar_sdk import (
    Account,
    Address,
    Asset,
    MuxedAccount,
    Payment,
    SorobanDataBuilder,
    TransactionBuilder,
    scval,
    xdr,
)

from billpay.sandbox import identities
from billpay.sandbox.ledger_entries import XLM
from tests.fixtures.sandbox import CNGN

PAYER, OTHER, ISSUER = identities.payer(1), identities.payer(2), identities.issuer()
TREASURY = identities.treasury().public_key
CONTRACT = CNGN.contract_id(identities.NETWORK_PASSPHRASE)
WALLET = identities.wallet(1)
SOURCE = xdr.SorobanCredentials(xdr.SorobanCredentialsType.SOROBAN_CREDENTIALS_SOURCE_ACCOUNT)


def wallet_agrees(wallet):
    return xdr.SorobanCredentials(
        xdr.SorobanCredentialsType.SOROBAN_CREDENTIALS_ADDRESS,
        address=xdr.SorobanAddressCredentials(
            Address(wallet).to_xdr_sc_address(), xdr.Int64(0), xdr.Uint32(0), scval.to_void()
        ),
    )


@pytest.fixture
def calling(world):
    """Write a call of a contract's `transfer`; whatever is not told is right."""

    def written(
        to=TREASURY,
        amount=10_000_000,
        *,
        sender=None,
        source=PAYER,
        agreed=SOURCE,
        agreed_amount=None,
        contract=CONTRACT,
        function="transfer",
        resources=True,
        memo=None,
    ):
        builder = TransactionBuilder(
            Account(source.public_key, world.sequence(source.public_key)),
            identities.NETWORK_PASSPHRASE,
            base_fee=100,
        )
        parties = [scval.to_address(sender or source.public_key), scval.to_address(to)]
        arguments = [*parties, scval.to_int128(amount)]
        promised = [*parties, scval.to_int128(agreed_amount or amount)]
        invoked = xdr.InvokeContractArgs(
            Address(contract).to_xdr_sc_address(), xdr.SCSymbol(function.encode()), promised
        )
        invocation = xdr.SorobanAuthorizedInvocation(
            xdr.SorobanAuthorizedFunction(
                xdr.SorobanAuthorizedFunctionType.SOROBAN_AUTHORIZED_FUNCTION_TYPE_CONTRACT_FN,
                contract_fn=invoked,
            ),
            [],
        )
        auth = [xdr.SorobanAuthorizationEntry(agreed, invocation)] if agreed else []
        builder.append_invoke_contract_function_op(contract, function, arguments, auth)
        if resources:
            builder.set_soroban_data(SorobanDataBuilder().set_resource_fee(70_000).build())
        if memo is not None:
            builder.add_text_memo(memo)
        sent = builder.add_time_bounds(0, 0).build()
        sent.sign(source)
        return sent

    return written


def payments(world, address=TREASURY, **query):
    return world.ask(f"/horizon/accounts/{address}/payments", **query)["_embedded"]["records"]


def codes(world, sent):
    response = world.submit(sent)
    assert response.status_code == 400, response.text
    told = response.json()["extras"]["result_codes"]
    return [told["transaction"], *told.get("operations", [])]


def holding(world, address):
    return world.truth_ledger()["balances"][address]


def test_a_call_moves_what_trustlines_hold(world, calling):
    before = holding(world, PAYER.public_key)
    applied = world.submit(calling(amount=50_300_000_000)).raise_for_status().json()
    assert holding(world, PAYER.public_key) == before - 50_300_000_000
    assert holding(world, TREASURY) == 50_300_000_000
    assert applied["fee_charged"] == "70100"


def test_horizon_tells_it_by_what_changed(world, calling):
    """Fault 18: no `from`, `to` or `amount` of its own, and several changes are possible."""
    world.submit(calling(MuxedAccount(TREASURY, 2**64 - 1).account_muxed)).raise_for_status()
    [row] = payments(world, join="transactions")
    assert (row["type"], row["type_i"]) == ("invoke_host_function", 24)
    assert {"from", "to", "amount"}.isdisjoint(row)
    assert row["asset_balance_changes"] == [
        {
            "asset_type": "credit_alphanum4",
            "asset_code": "cNGN",
            "asset_issuer": ISSUER.public_key,
            "type": "transfer",
            "from": PAYER.public_key,
            "to": TREASURY,
            "amount": "1.0000000",
            "destination_muxed_id": str(2**64 - 1),
        }
    ]
    assert [one["type"] for one in row["parameters"]] == [
        "Address",
        "Sym",
        *["Address"] * 2,
        "I128",
    ]
    assert xdr.SCVal.from_xdr(row["parameters"][1]["value"]).sym.sc_symbol == b"transfer"
    assert row["function"] == "HostFunctionTypeHostFunctionTypeInvokeContract"
    assert row["transaction"]["memo_type"] == "none"


def test_an_id_is_told_only_where_there_was_one(world, calling):
    world.submit(calling()).raise_for_status()
    [row] = payments(world)
    assert "destination_muxed_id" not in row["asset_balance_changes"][0]
    world.submit(calling(MuxedAccount(TREASURY, 0).account_muxed)).raise_for_status()
    assert payments(world)[1]["asset_balance_changes"][0]["destination_muxed_id"] == "0"


def test_what_the_issuer_gives_by_its_contract_is_minted(world, calling):
    world.submit(calling(source=ISSUER)).raise_for_status()
    [change] = payments(world)[0]["asset_balance_changes"]
    assert (change["type"], "from" in change) == ("mint", False)
    world.submit(calling(ISSUER.public_key, 5)).raise_for_status()
    [change] = payments(world, ISSUER.public_key)[-1]["asset_balance_changes"]
    assert (change["type"], change["from"], "to" in change) == ("burn", PAYER.public_key, False)


def test_xlm_has_a_contract_too(world, calling):
    native = Asset.native().contract_id(identities.NETWORK_PASSPHRASE)
    world.submit(calling(contract=native)).raise_for_status()
    [change] = payments(world)[0]["asset_balance_changes"]
    assert (change["asset_type"], "asset_code" in change) == (XLM, False)


def test_a_contracts_wallet_needs_no_trustline_to_receive(world, calling):
    """Refunds to a contract go this way; the SDK's own builder knows how."""
    builder = TransactionBuilder(
        Account(PAYER.public_key, world.sequence(PAYER.public_key)), identities.NETWORK_PASSPHRASE
    )
    builder.append_payment_to_contract_op(WALLET, CNGN, "5").add_time_bounds(0, 0)
    sent = builder.build()
    sent.sign(PAYER)
    world.submit(sent).raise_for_status()
    assert holding(world, WALLET) == 50_000_000


@pytest.mark.parametrize(
    "told",
    [
        {"amount": 10**20},
        {"amount": 0},
        {"amount": -1},
        {"function": "approve"},
        {"contract": WALLET},
        {"agreed": None},
        {"agreed_amount": 1},
        {"sender": OTHER.public_key},
        {"to": identities.relayer(9).public_key},
        {"sender": WALLET, "agreed": wallet_agrees(WALLET)},
    ],
    ids=[
        "too much",
        "nothing",
        "less than nothing",
        "another function",
        "another contract",
        "no agreement",
        "agreed to less",
        "somebody else's",
        "nobody there",
        "a wallet that is not there",
    ],
)
def test_what_a_contract_will_not_do_is_a_trap(world, calling, told):
    assert codes(world, calling(**told)) == ["tx_failed", "function_trapped"]
    assert payments(world, include_failed="true") == []
    assert world.truth_ledger()["payments"] == []


def test_a_frozen_holder_cannot_send_by_contract_either(world, calling):
    """Fault 29."""
    world.fund(PAYER.public_key, authorized=False)
    assert codes(world, calling()) == ["tx_failed", "function_trapped"]


def test_a_call_says_what_it_may_use_and_stands_alone(world, calling, scribe):
    assert codes(world, calling(resources=False)) == ["tx_malformed"]
    call = calling().transaction.operations[0]
    assert scribe.codes(call, Payment(TREASURY, CNGN, "1")) == ["tx_malformed"]


# Contracts' wallets


def test_a_contracts_wallet_pays_with_an_id_and_no_memo(world):
    """Fault 18: text can never arrive this way."""
    told = world.send_from_wallet(1, amount="5030", destination_id=77)
    [row] = payments(world, join="transactions")
    [change] = row["asset_balance_changes"]
    assert (change["from"], change["destination_muxed_id"]) == (told["from"], "77")
    assert told["from"] == WALLET
    assert row["id"] == told["operation_id"]
    assert row["source_account"] == identities.relayer(1).public_key
    assert row["transaction"]["memo_type"] == "none"
    [truth] = world.truth_ledger()["payments"]
    assert (truth["from"], truth["to_muxed_id"]) == (WALLET, "77")
    assert truth["amount_stroops"] == 50_300_000_000
    assert truth["type"] == "invoke_host_function"


def test_a_wallet_obeys_its_relayer_alone(world, calling):
    world.send_from_wallet(1, amount="1")
    stolen = {"sender": WALLET, "agreed": wallet_agrees(WALLET)}
    assert codes(world, calling(**stolen)) == ["tx_failed", "function_trapped"]
    relayed = calling(source=identities.relayer(1), **stolen)
    assert world.submit(relayed).is_success


def test_a_wallet_sends_again_and_elsewhere_until_it_is_empty(world):
    world.send_from_wallet(1, amount="9999999")
    world.send_from_wallet(1, amount="1", to=OTHER.public_key)
    told = world.send_from_wallet(1, amount="1")
    assert told["result_codes"] == {"transaction": "tx_failed", "operations": ["function_trapped"]}
    assert holding(world, WALLET) == 0


def test_only_an_account_can_be_sent_to(world):
    path = f"{world.url}/world/ledger/wallets/1/transfers"
    assert world.http.post(path, json={"amount": "1", "to": WALLET}).status_code == 422

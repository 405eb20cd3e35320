"""Events and envelopes: what is money of ours, what it is called, and what nobody may guess."""

import hashlib

import pytest
from stellar_sdk import (
    Asset,
    HashMemo,
    InvokeHostFunction,
    ManageBuyOffer,
    MuxedAccount,
    PathPaymentStrictReceive,
    Payment,
    StrKey,
    TextMemo,
    scval,
    xdr,
)

from billpay.domain.money import cngn
from billpay.failures import Unavailable
from tests.billpay.ledger.rpc_wire import (
    ASSET,
    LATEST,
    LEDGER,
    NOT_FOUND,
    UNKNOWN_ADDRESS,
    envelope_xdr,
    event,
    page,
    place,
    server,
    transaction,
    transfer,
    words,
)
from tests.billpay.ledger.wire import CONTRACT, HASH, ISSUER, PAYER, STRANGER, WALLET

BALANCE = StrKey.encode_claimable_balance(bytes(33))
POOL = StrKey.encode_liquidity_pool(bytes(32))
OPERATION = str(place() + 1)
"""The operation of most events here, as Horizon names it."""

UNDECODABLE = transaction(envelopeXdr="AAAAYw==")


async def read(*events, **answers):
    source = server(getEvents=page(*events), **answers).source()
    read = await source.credits_after(WALLET, str((LEDGER - 1) << 32), 200)
    await source.close()
    return read


async def test_a_transfer_to_the_wallet_is_a_credit_as_its_envelope_tells_it():
    memo = TextMemo(b"BILL\xff-x")
    read_page = await read(
        transfer(), getTransaction=transaction(envelopeXdr=envelope_xdr(memo=memo))
    )
    (credit,) = read_page.credits
    assert credit.operation_id == credit.paging_token == OPERATION
    assert (credit.transaction_hash, credit.ledger) == (HASH, LEDGER)
    assert (credit.amount, credit.payer) == (cngn("5030"), PAYER)
    assert (credit.memo_type, credit.memo, credit.alias) == ("text", b"BILL\xff-x", None)
    assert not read_page.unreadable


# Where the envelope is in a newer protocol


@pytest.mark.parametrize(
    "answer",
    [UNDECODABLE, transaction(envelopeXdr=None), transaction(envelopeXdr=7), NOT_FOUND],
    ids=["newer protocol", "no envelope", "no text", "events without it"],
)
@pytest.mark.parametrize(
    ("mark", "told"),
    [
        (scval.to_string(b"BILL-\xff"), ("text", b"BILL-\xff", None)),
        (scval.to_uint64(0), ("id", None, 0)),
        (scval.to_bytes(bytes(32)), ("hash", None, None)),
    ],
    ids=["text", "number", "hash"],
)
async def test_the_event_alone_decides_where_it_says_enough(answer, mark, told):
    (credit,) = (await read(transfer(mark=mark), getTransaction=answer)).credits
    assert (credit.memo_type, credit.memo, credit.alias) == told
    assert (credit.payer, credit.amount) == (PAYER, cngn("5030"))


async def test_an_event_that_shows_no_memo_is_parked_where_only_the_envelope_would_tell():
    """A contract's transfer shows no memo even where its transaction has one."""
    read_page = await read(
        transfer(), transfer(at=place(1), mark=scval.to_uint64(4)), getTransaction=UNDECODABLE
    )
    (parked,) = read_page.unreadable
    assert (parked.operation_id, parked.transaction_hash) == (OPERATION, HASH)
    assert "newer protocol" in parked.reason
    assert HASH in parked.body
    assert [one.alias for one in read_page.credits] == [4], "what comes behind it is not held up"


async def test_a_transaction_that_the_server_is_about_to_have_is_waited_for():
    """Its ledger may have been read between the two answers; nothing is parked for that."""
    at = place(ledger=LATEST)
    with pytest.raises(Unavailable):
        await read(transfer(at=at), getTransaction=NOT_FOUND)
    with pytest.raises(Unavailable):
        await read(transfer(at=place(ledger=LATEST + 1)), getTransaction=NOT_FOUND)


# Names


async def test_the_credits_of_one_operation_are_counted_and_nothing_else_is():
    """I1."""
    events = [
        transfer(WALLET, STRANGER, order=0),
        transfer(CONTRACT, order=1),
        transfer(STRANGER, PAYER, order=2),
        transfer(CONTRACT, order=3, amount=7),
        transfer(WALLET, CONTRACT, order=4),
    ]
    read_page = await read(*events, getTransaction=transaction(envelopeXdr=call_xdr()))
    names = [OPERATION, f"{OPERATION}-1"]
    assert [one.operation_id for one in read_page.credits] == names
    assert {one.paging_token for one in read_page.credits} == {OPERATION}
    assert [one.operation_id for one in read_page.debits] == names
    assert [one.destination for one in read_page.debits] == [STRANGER, CONTRACT]


def call_xdr():
    """An envelope that calls a contract."""
    invoked = xdr.InvokeContractArgs(
        scval.to_address(CONTRACT).address, xdr.SCSymbol(b"transfer"), []
    )
    kind = xdr.HostFunctionType.HOST_FUNCTION_TYPE_INVOKE_CONTRACT
    return envelope_xdr(InvokeHostFunction(xdr.HostFunction(kind, invoke_contract=invoked)))


async def test_a_contracts_number_goes_before_the_memo():
    contract_call = transaction(envelopeXdr=call_xdr())
    (credit,) = (
        await read(transfer(CONTRACT, mark=scval.to_uint64(9)), getTransaction=contract_call)
    ).credits
    assert (credit.alias, credit.payer) == (9, CONTRACT)


async def test_a_giver_of_an_unknown_kind_is_parked_and_counted():
    """A later credit of the operation keeps the name that it has where the giver can be read."""
    unknown = transfer(order=0)
    unknown["topic"] = [unknown["topic"][0], UNKNOWN_ADDRESS, *unknown["topic"][2:]]
    read_page = await read(
        unknown, transfer(CONTRACT, order=1), getTransaction=transaction(envelopeXdr=call_xdr())
    )
    assert [one.operation_id for one in read_page.unreadable] == [OPERATION]
    assert [one.operation_id for one in read_page.credits] == [f"{OPERATION}-1"]


@pytest.mark.parametrize("which", [0, 2])
async def test_where_one_event_does_not_say_whether_it_is_ours_none_of_the_operation_is_believed(
    which,
):
    odd = transfer(order=1)
    odd["topic"] = [*odd["topic"]]
    odd["topic"][which] = UNKNOWN_ADDRESS
    read_page = await read(transfer(order=0), odd, transfer(at=place(1)), getTransaction=several())
    assert [one.operation_id for one in read_page.unreadable] == [OPERATION]
    assert [one.operation_id for one in read_page.credits] == [str(place(1) + 1)]


def several(*operations):
    """A transaction of two payments to the wallet, or of whatever is told."""
    payments = operations or [Payment(WALLET, ASSET, "5030")] * 2
    return transaction(envelopeXdr=envelope_xdr(*payments))


@pytest.mark.parametrize(
    "topics",
    [[], ["AAAA"], words("approve", PAYER, WALLET), words("transfer", WALLET), words("mint")],
    ids=["none", "no value", "unknown kind", "too few", "nobody"],
)
async def test_an_event_of_an_unknown_kind_is_parked(topics):
    read_page = await read(event(topics))
    assert [one.operation_id for one in read_page.unreadable] == [OPERATION]


# Amounts


async def test_what_moves_nothing_is_passed_over_and_counted():
    """I1: anybody may let a contract move nothing, as often as they like; no envelope is asked for."""
    events = [
        transfer(CONTRACT, order=0, amount=0),
        transfer(CONTRACT, order=1),
        transfer(WALLET, CONTRACT, order=2, amount=0),
    ]
    read_page = await read(*events, getTransaction=transaction(envelopeXdr=call_xdr()))
    assert [one.operation_id for one in read_page.credits] == [f"{OPERATION}-1"]
    assert (read_page.debits, read_page.unreadable) == ([], [])
    told = server(getEvents=page(transfer(CONTRACT, amount=0)))
    source = told.source()
    assert not (await source.credits_after(WALLET, str((LEDGER - 1) << 32), 200)).credits
    await source.close()
    assert told.asked("getTransaction") == []


@pytest.mark.parametrize("amount", [-1, 2**63])
async def test_an_amount_that_no_account_can_get_is_parked(amount):
    read_page = await read(transfer(amount=amount))
    assert not read_page.credits
    assert [one.operation_id for one in read_page.unreadable] == [OPERATION]


@pytest.mark.parametrize(
    "value",
    [
        "no XDR",
        scval.to_string("5030").to_xdr(),
        scval.to_struct({"to_muxed_id": scval.to_uint64(1)}).to_xdr(),
        scval.to_struct({"amount": scval.to_int128(1), "to_muxed_id": scval.to_void()}).to_xdr(),
    ],
    ids=["no XDR", "no number", "no amount", "unknown mark"],
)
async def test_a_value_that_is_no_amount_is_parked(value):
    assert len((await read(transfer(value=value))).unreadable) == 1


async def test_the_entries_of_a_value_may_come_in_any_order():
    """Anti-example: whoever reads them by position takes the mark for the amount."""
    value = scval.to_map(
        {
            scval.to_symbol("to_muxed_id"): scval.to_uint64(3),
            scval.to_symbol("amount"): scval.to_int128(8),
        }
    )
    assert scval.to_native(value)
    read_page = await read(transfer(value=value.to_xdr()), getTransaction=UNDECODABLE)
    assert [(one.amount, one.alias) for one in read_page.credits] == [(8, 3)]


# What is none


@pytest.mark.parametrize("sender", [BALANCE, POOL], ids=["claimable balance", "pool"])
async def test_what_the_wallet_took_for_itself_is_no_deposit(sender):
    read_page = await read(transfer(sender))
    assert not read_page.credits
    assert not read_page.unreadable


@pytest.mark.parametrize(
    "operation",
    [
        ManageBuyOffer(ASSET, Asset.native(), "1", "1"),
        PathPaymentStrictReceive(STRANGER, Asset.native(), "9", Asset("X", ISSUER), "5", []),
        PathPaymentStrictReceive(WALLET, ASSET, "9", Asset("X", ISSUER), "5", [], source=STRANGER),
    ],
    ids=["offer", "another's path", "a hop of a path"],
)
async def test_what_a_trade_brings_in_is_no_deposit(operation):
    """Horizon does not list it for the wallet either."""
    read_page = await read(transfer(), getTransaction=several(operation))
    assert not read_page.credits
    assert not read_page.unreadable


async def test_what_failed_or_stayed_with_the_wallet_or_is_anothers_is_nothing():
    failed = await read(transfer(), getTransaction=transaction(status="FAILED"))
    own = await read(transfer(WALLET, WALLET), transfer(PAYER, STRANGER, at=place(1)))
    foreign = await read(transfer(contractId=Asset("CNGN", ISSUER).contract_id("another network")))
    for read_page in (failed, own, foreign):
        assert not read_page.credits
        assert not read_page.debits
        assert not read_page.unreadable


async def test_debits_need_no_envelope_and_tell_who_got_it():
    unknown = transfer(WALLET, STRANGER, at=place(3))
    unknown["topic"] = [*unknown["topic"][:2], UNKNOWN_ADDRESS, unknown["topic"][3]]
    events = [
        transfer(WALLET, BALANCE),
        event(words("clawback", WALLET), at=place(1), amount=2),
        event(words("burn", WALLET), at=place(2), amount=3),
        unknown,
    ]
    asked = server(getEvents=page(*events))
    source = asked.source()
    read_page = await source.credits_after(WALLET, str(LEDGER << 32), 200)
    await source.close()
    assert [(one.amount, one.destination) for one in read_page.debits] == [
        (cngn("5030"), BALANCE),
        (2, None),
        (3, None),
    ]
    assert [one.operation_id for one in read_page.unreadable] == [str(place(3) + 1)]
    assert asked.asked("getTransaction") == []


async def test_a_mint_by_a_contract_is_the_issuers():
    minted = event(words("mint", WALLET))
    (credit,) = (await read(minted, getTransaction=transaction(envelopeXdr=call_xdr()))).credits
    assert credit.payer == ISSUER


async def test_an_operation_that_its_envelope_does_not_have_is_read_from_the_event():
    odd = transfer(at=place(7), mark=scval.to_string("BILL-x"))
    (credit,) = (await read(odd)).credits
    assert credit.memo == b"BILL-x"


async def test_a_hash_memo_is_none_of_ours_and_a_multiplexed_payer_is_kept():
    payer = MuxedAccount(PAYER, 12).account_muxed
    memo = HashMemo(hashlib.sha256(b"any").digest())
    envelope = envelope_xdr(Payment(WALLET, ASSET, "5030", source=payer), memo=memo)
    (credit,) = (await read(transfer(), getTransaction=transaction(envelopeXdr=envelope))).credits
    assert (credit.memo_type, credit.memo, credit.payer) == ("hash", None, payer)

"""The RPC server's wire: JSON-RPC as stellar-rpc speaks it, field for field, in the words of the real one."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from stellar_sdk import (
    Claimant,
    CreateClaimableBalance,
    Keypair,
    Payment,
    SorobanServer,
    xdr,
)
from stellar_sdk.soroban_rpc import EventFilter, EventFilterType, SendTransactionStatus

from billpay.clock import system_clock
from billpay.sandbox import identities
from billpay.sandbox.journal import Journal
from tests.fixtures.sandbox import CNGN

PAYER, OTHER = identities.payer(1), identities.payer(2)
TREASURY = identities.treasury().public_key
CONTRACT = CNGN.contract_id(identities.NETWORK_PASSPHRASE)


@pytest.fixture
def post(world):
    """Post any body; answers the JSON that comes back."""

    def posted(**sent):
        response = world.http.post(f"{world.url}/rpc", **sent)
        assert response.status_code == 200, response.text
        return response.json()

    return posted


@pytest.fixture
def call(post):
    """Call a method; answers its result."""

    def called(method, **params):
        document = post(json={"jsonrpc": "2.0", "id": 7, "method": method, "params": params})
        assert document["id"] == 7
        assert document["jsonrpc"] == "2.0"
        return document["result"]

    return called


@pytest.fixture
def error(post):
    """Call a method in vain; answers the error's number and words."""

    def refused(method, **params):
        document = post(json={"jsonrpc": "2.0", "id": 7, "method": method, "params": params})
        assert "result" not in document
        return document["error"]["code"], document["error"]["message"]

    return refused


@dataclass
class HeldClock:
    """Stands still unless it is set ahead."""

    begin: datetime = field(default_factory=system_clock)
    ahead: timedelta = timedelta()

    def __call__(self):
        return self.begin + self.ahead


@pytest.fixture
def held(world):
    """Another world and its clock, which closes a ledger each second once it is set ahead."""
    clock = HeldClock()
    still = replace(world, clock=clock, ledger_seconds=1.0, journal=Journal(None))
    still.start()
    return still, clock


def cursor(ledger, transaction=0, operation=0, event=0):
    return f"{ledger << 32 | transaction << 12 | operation:019d}-{event:010d}"


def test_the_sdks_own_client_is_at_home_here(world):
    """The wire is real enough for a client that was written for the real one."""
    with SorobanServer(f"{world.url}/rpc") as server:
        assert server.get_network().passphrase == identities.NETWORK_PASSPHRASE
        assert server.get_health().oldest_ledger == 1
        assert server.get_latest_ledger().sequence >= 1
        sent = world.build("BILL-sdk", "5030", payer=PAYER, to=TREASURY)
        assert server.load_account(PAYER.public_key).sequence + 1 == sent.transaction.sequence
        answer = server.send_transaction(sent)
        assert answer.status is SendTransactionStatus.PENDING
        applied = server.poll_transaction(answer.hash, max_attempts=900, sleep_strategy=lambda _: 0)
        assert applied.envelope_xdr == sent.to_xdr()
        wanted = EventFilter(type=EventFilterType.CONTRACT, contractIds=[CONTRACT])
        events = server.get_events(start_ledger=1, filters=[wanted])
        assert [one.transaction_hash for one in events.events] == [sent.hash_hex()]
        assert server.get_fee_stats().inclusion_fee.ledger_count == 50


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", -32700),
        (b"[]", -32600),
        (b'{"jsonrpc":"1.0","id":1,"method":"getHealth"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"getHealth","params":[1]}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"getLunch"}', -32601),
    ],
)
def test_what_is_no_call_is_told_so_with_http_200(post, body, code):
    assert post(content=body)["error"]["code"] == code


def test_a_search_begins_with_a_ledger_or_behind_a_cursor_and_never_with_both(error):
    assert error("getEvents") == (-32602, "startLedger must be positive")
    both = {"startLedger": 1, "pagination": {"cursor": cursor(1)}}
    assert error("getEvents", **both) == (-32602, "ledger ranges and cursor cannot both be set")
    code, words = error("getEvents", pagination={"cursor": "now"})
    assert (code, words) == (-32602, "invalid event id now")


def test_a_search_outside_of_what_is_kept_is_refused_in_the_real_words(world, error):
    world.pay(None, "1")
    world.tell("/world/rpc/faults", {"oldest_ledger": 2, "rewind_to_ledger": 3})
    code, words = error("getEvents", startLedger=1)
    assert (code, words.rpartition(": ")[0]) == (
        -32600, "startLedger must be within the ledger range"
    )  # fmt: skip
    assert error("getEvents", pagination={"cursor": cursor(4)})[1].endswith(": 2 - 3")


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ([{}] * 6, "maximum 5 filters per request"),
        ([{"type": "diagnostic"}], "filter type invalid"),
        ([{"contractIds": ["nobody"]}], "contract ID 1 invalid"),
        ([{"contractIds": [CONTRACT] * 6}], "maximum 5 contract IDs"),
        ([{"topics": [["*"]] * 6}], "maximum 5 topics"),
        ([{"topics": [["*"] * 5]}], "more than 4 segments"),
        ([{"topics": [[]]}], "at least 1 segment"),
        ([{"topics": [["**", "*"]]}], "only allowed as the last segment"),
        ([{"topics": [["transfer"]]}], "segment invalid"),
    ],
)
def test_a_filter_that_is_no_filter_is_refused(error, wanted, words):
    code, told = error("getEvents", startLedger=1, filters=wanted)
    assert code == -32602
    assert words in told


def test_a_limit_above_the_servers_own_is_refused_and_without_one_a_hundred_are_told(
    world, scribe, call, error
):
    assert error("getEvents", startLedger=1, pagination={"limit": 10_001})[0] == -32602
    scribe.do(*[Payment(TREASURY, CNGN, "1") for _ in range(100)])
    page = call("getEvents", startLedger=1)
    assert len(page["events"]) == 100
    assert page["cursor"] == page["events"][-1]["id"]
    rest = call("getEvents", pagination={"cursor": page["cursor"]})
    assert len(rest["events"]) == 1, "a hundred payments and a fee"


def test_a_page_that_is_not_full_ends_with_everything_that_was_looked_through(world, call):
    paid = world.pay(None, "1")
    page = call("getEvents", startLedger=paid.ledger)
    assert page["cursor"] == cursor(page["latestLedger"], 0xFFFFF, 0xFFF, 2**32 - 1)
    assert page["latestLedger"] >= paid.ledger
    assert isinstance(page["latestLedgerCloseTime"], str)
    assert call("getEvents", pagination={"cursor": page["cursor"]})["events"] == []


def test_the_event_behind_the_last_possible_one_is_the_first_one_again(world, call):
    """A trap of the real one: a cursor with the largest event number rereads its operation."""
    paid = world.pay(None, "1")
    last = cursor(paid.ledger, 1, 0, 2**32 - 1)
    assert len(call("getEvents", pagination={"cursor": last})["events"]) == 1
    before = cursor(paid.ledger, 1, 0, 2**32 - 2)
    assert call("getEvents", pagination={"cursor": before})["events"] == []


def test_one_call_looks_through_ten_thousand_ledgers_at_the_most(held, scribe, call):
    _, clock = held
    clock.ahead = timedelta(seconds=9_999)
    call("sendTransaction", transaction=scribe.write(Payment(TREASURY, CNGN, "1")).to_xdr())
    clock.ahead = timedelta(seconds=25_000)
    first = call("getEvents", startLedger=1)
    looked_through = cursor(10_000, 0xFFFFF, 0xFFF, 2**32 - 1)
    assert (first["events"], first["cursor"]) == ([], looked_through)
    second = call("getEvents", pagination={"cursor": first["cursor"]})
    assert second["events"][-1]["ledger"] == 10_001


def test_a_transaction_is_told_by_either_hash_and_one_that_is_not_there_tells_the_range(
    world, scribe, call, error
):
    paid = world.pay("BILL-x", "1")
    told = call("getTransaction", hash=paid.transaction_hash)
    assert (told["status"], told["ledger"], told["applicationOrder"]) == ("SUCCESS", paid.ledger, 1)
    assert told["feeBump"] is False
    assert xdr.TransactionResult.from_xdr(told["resultXdr"])
    failed = scribe.write(Payment(TREASURY, CNGN, "99999999"))
    world.submit(failed)
    assert call("getTransaction", hash=failed.hash_hex())["status"] == "FAILED"
    missing = call("getTransaction", hash="ab" * 32)
    assert missing["status"] == "NOT_FOUND"
    assert missing["oldestLedger"] == 1
    assert int(missing["latestLedgerCloseTime"]) > int(missing["oldestLedgerCloseTime"]) - 1
    assert error("getTransaction", hash="ab") == (-32602, "unexpected hash length (2)")
    assert error("getTransaction", hash="xy" * 32)[0] == -32602


def test_core_says_at_once_what_it_thinks_of_an_envelope(held, scribe, call, error):
    envelope = scribe.write(Payment(TREASURY, CNGN, "1"))
    statuses = [call("sendTransaction", transaction=envelope.to_xdr()) for _ in range(2)]
    assert [one["status"] for one in statuses] == ["PENDING", "DUPLICATE"]
    assert {one["hash"] for one in statuses} == {envelope.hash_hex()}
    late = scribe.write(Payment(TREASURY, CNGN, "1"), source=OTHER, bounds=(0, 1))
    refused = call("sendTransaction", transaction=late.to_xdr())
    assert refused["status"] == "ERROR"
    result = xdr.TransactionResult.from_xdr(refused["errorResultXdr"])
    assert result.result.code is xdr.TransactionResultCode.txTOO_LATE
    assert error("sendTransaction", transaction="AAAA") == (-32602, "invalid_xdr")


def entry_key(kind, **arm):
    return xdr.LedgerKey(kind, **arm).to_xdr()


def test_entries_are_told_as_the_ledger_holds_them(world, scribe, call, error):
    world.fund(OTHER.public_key, cngn="12.5", demands_memo=True)
    owner = Keypair.from_public_key(OTHER.public_key).xdr_account_id()
    trusted = CNGN.to_trust_line_asset_xdr_object()
    name = xdr.String64(b"config.memo_required")
    sent = scribe.write(CreateClaimableBalance(CNGN, "3", [Claimant(OTHER.public_key)]))
    world.submit(sent)
    balance_id = xdr.ClaimableBalanceID.from_xdr_bytes(
        bytes.fromhex(sent.transaction.get_claimable_balance_id(0))
    )
    kinds = xdr.LedgerEntryType
    keys = [
        entry_key(kinds.ACCOUNT, account=xdr.LedgerKeyAccount(owner)),
        entry_key(kinds.TRUSTLINE, trust_line=xdr.LedgerKeyTrustLine(owner, trusted)),
        entry_key(kinds.DATA, data=xdr.LedgerKeyData(owner, name)),
        entry_key(
            kinds.CLAIMABLE_BALANCE, claimable_balance=xdr.LedgerKeyClaimableBalance(balance_id)
        ),
    ]
    nobody = Keypair.from_raw_ed25519_seed(bytes(32)).xdr_account_id()
    missing = entry_key(kinds.ACCOUNT, account=xdr.LedgerKeyAccount(nobody))
    told = call("getLedgerEntries", keys=[*keys[:2], missing, *keys[2:]])
    assert [one["key"] for one in told["entries"]] == keys
    entries = [xdr.LedgerEntryData.from_xdr(one["xdr"]) for one in told["entries"]]
    assert entries[1].trust_line.balance.int64 == 125_000_000
    assert entries[1].trust_line.flags.uint32 == 1
    assert entries[2].data.data_value.data_value == b"1"
    assert entries[3].claimable_balance.amount.int64 == 30_000_000
    assert told["latestLedger"] >= told["entries"][3]["lastModifiedLedgerSeq"]
    assert error("getLedgerEntries", keys=["AAAA"])[0] == -32602
    assert error("getLedgerEntries", keys=[missing] * 201)[0] == -32602


def test_fees_are_those_of_the_last_transactions_and_nothing_where_there_were_none(
    held, scribe, call
):
    _, clock = held
    assert call("getFeeStats")["inclusionFee"]["p99"] == "0"
    call("sendTransaction", transaction=scribe.write(Payment(TREASURY, CNGN, "1")).to_xdr())
    clock.ahead = timedelta(seconds=50)
    paid = call("getFeeStats")["inclusionFee"]
    assert (paid["p99"], paid["transactionCount"]) == ("100", "1")
    clock.ahead = timedelta(seconds=51)
    assert call("getFeeStats")["inclusionFee"]["transactionCount"] == "0"

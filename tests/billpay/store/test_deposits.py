import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from billpay.domain.deposits import Credit, DepositPolicy, Disposition, DustPolicy, StrayReason
from billpay.domain.ids import bill_workflow_id
from billpay.domain.money import Stroops, cngn
from billpay.domain.statuses import BillStatus
from billpay.ledger.base import UnreadableRecord
from billpay.store import Store
from billpay.store.orders import PAYABLE_FOR
from tests.fixtures.postgres import SEALING_KEY

WALLET = "treasury"


@pytest.fixture
def deposits(store):
    return store.deposits


@pytest.fixture
def statements(store):
    """What the store's connections are asked to run, as it is asked."""
    heard = []
    engine = store._database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *told: heard.append(told[2]))
    return heard


async def test_a_deposit_claims_the_order_its_memo_names(till, deposits):
    order = await till.order()
    credit = till.credit(order)
    (deposit,) = await till.record(credit)
    assert deposit == await deposits.get(credit.operation_id)
    assert deposit.credit == credit
    assert (deposit.transaction_id, deposit.stray_reason) == (order.transaction_id, None)
    assert deposit.disposition is Disposition.PENDING
    record = await till.store.payments.record(order.transaction_id)
    assert record.order.status is BillStatus.CNGN_RECEIVED
    assert record.events[-1].detail == f"5,030 cNGN arrived in {credit.transaction_hash}"


async def test_a_page_that_is_read_again_changes_nothing(till, deposits, sql):
    """I1, I11."""
    order = await till.order()
    read = till.page(till.credit(order), till.credit())
    assert len(await deposits.record_page(WALLET, read)) == 2
    events = await sql.value("SELECT count(*) FROM payment_events")
    assert list(await deposits.record_page(WALLET, read)) == []
    assert await sql.value("SELECT count(*) FROM payment_events") == events
    assert await till.status(order) is BillStatus.CNGN_RECEIVED


async def test_two_watchers_record_the_same_page(till, deposits):
    """Fault 61: each credit is new to exactly one of them."""
    credits_ = [till.credit(await till.order()) for _ in range(5)] + [till.credit()]
    results = await asyncio.gather(
        *(deposits.record_page(WALLET, till.page(*credits_)) for _ in range(4))
    )
    new = [deposit.credit.operation_id for result in results for deposit in result]
    assert sorted(new) == [credit.operation_id for credit in credits_]


async def test_a_watcher_waits_for_the_other_and_then_finds_its_work_done(till, sql, other_sql):
    """Fault 61: the other's page is not committed yet."""
    order = await till.order()
    credit = till.credit(order)
    async with sql.connection.transaction():
        await sql.rows(
            "INSERT INTO deposits (operation_id, wallet, paging_token, transaction_hash, ledger,"
            " closed_at, payer, amount, memo_type) VALUES (%s, '', '', '', 1, now(), '', 1, 'none')",
            credit.operation_id,
        )
        recording = asyncio.create_task(till.record(credit))
        await other_sql.until_somebody_waits()
    assert await recording == []
    assert await till.status(order) is BillStatus.PENDING_PAYMENT


async def test_one_of_two_deposits_claims_the_order(till, deposits):
    """Fault 16: paid twice, in one ledger and seen by two watchers."""
    order = await till.order()
    pages = [till.page(till.credit(order)) for _ in range(3)]
    await asyncio.gather(*(deposits.record_page(WALLET, read) for read in pages))
    record = await till.store.payments.record(order.transaction_id)
    reasons = [deposit.stray_reason for deposit in record.deposits]
    assert sorted(reasons, key=str) == [None, StrayReason.DUPLICATE, StrayReason.DUPLICATE]


async def test_two_payments_in_one_transaction_are_two_deposits(till):
    """Fault 19."""
    order = await till.order()
    one = till.credit(order)
    other = till.credit(order, transaction_hash=one.transaction_hash)
    first, second = await till.record(one, other)
    assert (first.stray_reason, second.stray_reason) == (None, StrayReason.DUPLICATE)


STRAY = [
    (None, StrayReason.NO_MEMO),
    (b"", StrayReason.UNKNOWN_MEMO),
    (b"hello", StrayReason.UNKNOWN_MEMO),
    (b"BILL-1111111111111111111111", StrayReason.UNKNOWN_MEMO),
    (b"BILL-\x00\xff\xfe", StrayReason.UNKNOWN_MEMO),
    ("BILL-\U0001f4a1".encode()[:-1], StrayReason.UNKNOWN_MEMO),
    ("\uff22\uff29\uff2c\uff2c-".encode(), StrayReason.UNKNOWN_MEMO),
]


async def test_a_deposit_for_no_order_says_why(till, deposits):
    """Fault 13, fault 15: bytes are kept as they came."""
    strays = []
    for memo, reason in STRAY:
        credit = till.credit(memo=memo)
        (deposit,) = await till.record(credit)
        assert (deposit.credit.memo, deposit.stray_reason) == (memo, reason)
        record = await till.store.payments.record_of_deposit(credit.operation_id)
        assert [event.kind for event in record.events] == [f"stray_deposit_{reason}"]
        strays.append(deposit)
    assert await till.store.payments.stray_deposits() == strays


async def test_a_memo_that_is_almost_an_orders_is_nobodys(till):
    order = await till.order()
    for memo in (order.memo + " ", order.memo + "\n", order.memo + "\x00", order.memo.lower()):
        (deposit,) = await till.record(till.credit(order, memo=memo.encode()))
        assert deposit.stray_reason is StrayReason.UNKNOWN_MEMO


# Naming an order without text


async def test_an_alias_names_an_order_as_its_memo_does(till, deposits):
    """Fault 17: a memo id, or the id of a multiplexed destination."""
    for memo_type in ("id", "none"):
        order = await till.order()
        credit = till.credit(order, memo=None, memo_type=memo_type, alias=order.alias)
        (deposit,) = await till.record(credit)
        assert (deposit.transaction_id, deposit.stray_reason) == (order.transaction_id, None)
        assert await deposits.get(credit.operation_id) == deposit
        assert await till.status(order) is BillStatus.CNGN_RECEIVED


async def test_an_order_that_plain_sql_has_placed_is_paid_by_its_alias(till, sql):
    ids = await sql.value(
        "INSERT INTO transactions (wallet_address, type, cngn_amount) VALUES ('w', 'bill_payment', 50)"
        " RETURNING transaction_id"
    )
    alias = await sql.value(
        "INSERT INTO bill_payments (transaction_id, provider_name, account_number, bill_type)"
        " VALUES (%s, 'vtpass', '1', 'electricity') RETURNING alias",
        ids,
    )
    (deposit,) = await till.record(till.credit(alias=alias, amount=cngn("50")))
    assert (deposit.transaction_id, deposit.stray_reason) == (ids, None)


@pytest.mark.parametrize("alias", [0, 7, 2**63 - 1, 2**63, 2**64 - 1])
async def test_a_number_that_is_no_orders_is_kept_exactly_and_names_nobody(till, deposits, alias):
    await till.order()
    credit = till.credit(memo_type="id", alias=alias)
    (deposit,) = await till.record(credit)
    assert deposit.stray_reason is StrayReason.UNKNOWN_MEMO
    assert (await deposits.get(credit.operation_id)).credit.alias == alias


async def test_memo_and_alias_of_one_order_agree_and_of_two_contradict_each_other(till):
    one, other = await till.order(), await till.order()
    contradictory = till.credit(one, alias=other.alias)
    agreeing = till.credit(one, alias=one.alias)
    first, second = await till.record(contradictory, agreeing)
    assert (first.stray_reason, first.transaction_id) == (StrayReason.CONTRADICTORY, None)
    assert (second.stray_reason, second.transaction_id) == (None, one.transaction_id)
    assert await till.status(other) is BillStatus.PENDING_PAYMENT


@pytest.mark.parametrize("change", [{"memo": b"lunch"}, {"alias": 7}])
async def test_whatever_names_nobody_contradicts_nobody(till, change):
    order = await till.order()
    (deposit,) = await till.record(till.credit(order, **{"alias": order.alias} | change))
    assert deposit.transaction_id == order.transaction_id


@pytest.mark.parametrize("memo_type", ["hash", "return"])
async def test_a_hash_is_an_unknown_memo(till, memo_type):
    """A return memo is somebody's refund to us."""
    (deposit,) = await till.record(till.credit(memo_type=memo_type))
    assert deposit.stray_reason is StrayReason.UNKNOWN_MEMO


# Dust


async def test_dust_is_kept_at_once_with_one_line_in_the_timeline(till, deposits, sql):
    credit = till.credit(amount=cngn("1"))
    (deposit,) = await till.record(credit)
    assert (deposit.stray_reason, deposit.disposition) == (StrayReason.DUST, Disposition.KEPT)
    assert await deposits.get(credit.operation_id) == deposit
    assert await deposits.unstarted() == []
    record = await till.store.payments.record_of_deposit(credit.operation_id)
    assert [(event.kind, event.detail) for event in record.events] == [
        (
            "stray_deposit_dust",
            f"1 cNGN arrived in {credit.transaction_hash} and is kept: it is dust",
        )
    ]
    assert await till.store.cases.all() == []


async def test_dust_does_not_use_an_order_up(till):
    """Whoever knows a memo can send a trifle to it."""
    order = await till.order()
    trifle, payment = till.credit(order, amount=cngn("0.5")), till.credit(order)
    kept, claim = await till.record(trifle, payment)
    assert (kept.stray_reason, kept.transaction_id) == (StrayReason.DUST, order.transaction_id)
    assert claim.stray_reason is None
    assert await till.kinds(order.transaction_id) == [
        "pending_payment",
        "stray_deposit_dust",
        "cngn_received",
    ]


async def test_dust_goes_back_like_any_other_stray_where_the_policy_says_so(
    till, database_url, clock
):
    policy = DepositPolicy(dusty=DustPolicy.REFUND)
    store = await Store.open(
        database_url, sealing_key=SEALING_KEY, clock=clock, deposit_policy=policy
    )
    credit = till.credit(await till.order(), amount=cngn("0.5"))
    (deposit,) = await store.deposits.record_page(WALLET, till.page(credit))
    assert (deposit.stray_reason, deposit.disposition) == (StrayReason.DUST, Disposition.PENDING)
    assert await store.deposits.unstarted() == [deposit]
    assert (await till.whole(credit.operation_id)).amount == credit.amount
    await store.close()


# Pages


async def test_a_page_of_every_kind_is_recorded_in_its_order(till, deposits, sql):
    orders = [await till.order() for _ in range(3)]
    credits_ = [
        till.credit(),
        *(till.credit(order) for order in reversed(orders)),
        till.credit(orders[1]),
        till.credit(amount=cngn("0.1")),
    ]
    found = await till.record(*credits_)
    assert [deposit.credit for deposit in found] == credits_
    assert [deposit.stray_reason for deposit in found] == [
        StrayReason.NO_MEMO,
        None,
        None,
        None,
        StrayReason.DUPLICATE,
        StrayReason.DUST,
    ]
    told = await sql.rows(
        "SELECT operation_id FROM payment_events WHERE operation_id <> '' ORDER BY id"
    )
    assert [name for (name,) in told] == [credit.operation_id for credit in credits_]


async def test_what_a_server_tells_twice_on_one_page_is_one_deposit(till, deposits):
    """I1."""
    order = await till.order()
    credit = till.credit(order)
    assert len(await till.record(credit, credit)) == 1
    assert (await deposits.get(credit.operation_id)).stray_reason is None


@pytest.mark.parametrize("former", [("-0",), ("-2",), ("-1", "-4")])
async def test_what_was_recorded_under_its_former_name_is_not_recorded_again(
    till, deposits, former
):
    """Fault 4, I1: a contract's credits were counted otherwise before, and a lost cursor reads all of it again."""
    position, other = "4299262267392", "4299262271488"
    await deposits.record_page(
        WALLET, till.page(*(till.credit(operation_id=position + end) for end in former))
    )
    now = [till.credit(operation_id=position), till.credit(operation_id=f"{position}-1")]
    beside = till.credit(operation_id=other)
    new = await deposits.record_page(WALLET, till.page(*now[: len(former)], beside))
    assert [one.credit.operation_id for one in new] == [other]


async def test_a_credit_that_was_left_out_among_its_operations_others_is_recorded(till, deposits):
    position = "4299262267392"
    named = [till.credit(operation_id=position + end) for end in ("", "-1", "-2")]
    await deposits.record_page(WALLET, till.page(named[0], named[2]))
    for told in (named[1:2], named):
        await deposits.record_page(WALLET, till.page(*told))
    recorded = [one.credit.operation_id for one in await deposits.unstarted()]
    assert sorted(recorded) == [one.operation_id for one in named]


async def test_a_page_is_recorded_in_a_few_statements_whatever_its_length(till, statements):
    async def counted(length):
        read = till.page(*[till.credit(await till.order()) for _ in range(length)])
        statements.clear()
        await till.store.deposits.record_page(WALLET, read)
        return len(statements)

    assert await counted(40) == await counted(2)


async def test_pages_that_overlap_crosswise_wait_for_each_other_and_never_for_ever(till, deposits):
    """Bills are locked in one order, whatever the order of the credits."""
    orders = [await till.order() for _ in range(6)]
    first = [till.credit(order) for order in orders]
    second = [till.credit(order) for order in reversed(orders)]
    new = await asyncio.gather(
        *(deposits.record_page(WALLET, till.page(*page)) for page in (first, second) * 2)
    )
    assert sorted(len(found) for found in new) == [0, 0, 6, 6]
    for order in orders:
        record = await till.store.payments.record(order.transaction_id)
        reasons = {deposit.stray_reason for deposit in record.deposits}
        assert reasons == {None, StrayReason.DUPLICATE}


async def test_a_late_deposit_still_claims_an_expired_order(till):
    """Fault 16."""
    order = await till.order()
    till.clock.advance(PAYABLE_FOR + timedelta(seconds=1))
    assert await till.store.orders.expire_unpaid() == 1
    assert await till.status(order) is BillStatus.EXPIRED
    await till.deposit(order)
    assert await till.kinds(order.transaction_id) == [
        "pending_payment",
        "expired",
        "cngn_received",
    ]


async def test_an_order_that_is_being_paid_does_not_expire(till, sql):
    """The clock and a deposit reach the order in the same moment."""
    order = await till.order()
    till.clock.advance(PAYABLE_FOR + timedelta(seconds=1))
    async with sql.connection.transaction():
        await sql.rows("SELECT FROM bill_payments FOR UPDATE")
        assert await till.store.orders.expire_unpaid() == 0
    for _ in range(10):
        await asyncio.gather(till.store.orders.expire_unpaid(), till.deposit(order))
        assert await till.status(order) is BillStatus.CNGN_RECEIVED
        order = await till.order()
        till.clock.advance(PAYABLE_FOR + timedelta(seconds=1))


async def test_the_cursor_is_kept_with_the_page_and_never_moves_back(deposits, till):
    """I11."""
    assert await deposits.cursor(WALLET) is None
    await deposits.record_page(WALLET, till.page(cursor="9"))
    await deposits.record_page(WALLET, till.page(till.credit(), cursor="7"))
    assert await deposits.cursor(WALLET) == "9"
    assert await deposits.cursor("another wallet") is None


async def test_a_huge_position_is_kept_exactly(deposits, till):
    for position in (2**63 - 1, 2**63, 2**64, 10**40):
        credit = till.credit(paging_token=f"{position}-1", operation_id=str(position))
        await deposits.record_page(WALLET, till.page(credit, cursor=str(position)))
        assert await deposits.cursor(WALLET) == str(position)
        assert (await deposits.get(str(position))).credit == credit


async def test_a_deposit_waits_in_the_outbox_until_its_workflow_is_started(till, deposits):
    order = await till.order()
    first = await till.deposit(order)
    till.clock.advance(timedelta(seconds=1))
    second = await till.deposit()
    waiting = [deposit.credit.operation_id for deposit in await deposits.unstarted()]
    assert waiting == [first, second]
    assert len(await deposits.unstarted(limit=1)) == 1
    (behind,) = await deposits.unstarted(behind=first)
    assert behind.credit.operation_id == second
    assert list(await deposits.unstarted(behind=second)) == []
    for _ in range(2):
        await deposits.mark_started({first: bill_workflow_id(order.transaction_id)})
        waiting = [deposit.credit.operation_id for deposit in await deposits.unstarted()]
        assert waiting == [second]


async def test_two_watchers_that_note_the_same_starts_wait_for_each_other_and_never_for_ever(
    till, deposits
):
    """Fault 61: each has its own order of finishing."""
    names = [await till.deposit() for _ in range(40)]
    for _ in range(3):
        await asyncio.gather(
            *(
                deposits.mark_started({name: f"deposit-{name}" for name in order})
                for order in (names, names[::-1])
            )
        )
    assert list(await deposits.unstarted()) == []


async def test_a_deposit_that_never_came_is_not_found(till, deposits):
    with pytest.raises(LookupError):
        await deposits.get("1")
    with pytest.raises(LookupError):
        await till.store.payments.record_of_deposit("1")


async def test_the_records_began_with_the_migration(deposits, clock):
    assert await deposits.installed_at() == clock()


POISON = [
    {"amount": Stroops(0)},
    {"amount": Stroops(-1)},
    {"amount": Stroops(2**63)},
    {"amount": Stroops(10**60)},
    {"ledger": 2**63},
    {"closed_at": datetime(1, 1, 1, tzinfo=UTC)},
]


async def test_a_credit_that_cannot_be_stored_blocks_nobody(till, deposits):
    """Fault 67, promise 1: it is parked for a person, who is told; the credits around it live."""
    before, after = await till.order(), await till.order()
    poison = [till.credit(**flaw) for flaw in POISON]
    read = till.page(till.credit(before), *poison, till.credit(after))
    assert len(await deposits.record_page(WALLET, read)) == 2
    assert list(await deposits.record_page(WALLET, read)) == []
    for order in (before, after):
        assert await till.status(order) is BillStatus.CNGN_RECEIVED
    parked = await deposits.parked()
    assert [(one.operation_id, one.body) for one in parked] == [
        (credit.operation_id, repr(credit)) for credit in poison
    ]
    assert await deposits.cursor(WALLET) == read.cursor


async def test_a_parked_credit_is_told_once(till, deposits, sql):
    poison = till.page(till.credit(amount=Stroops(0)))
    for _ in range(2):
        await deposits.record_page(WALLET, poison)
    events = "SELECT operation_id FROM payment_events WHERE kind = 'credit_parked'"
    assert await sql.value(events) == poison.credits[0].operation_id


@pytest.mark.parametrize("text", ["\x00", "\ud800", "a" * 1_000_000])
async def test_text_that_no_database_takes_does_not_stop_a_credit(till, text):
    facts = till.credit().model_dump() | {"memo_type": text, "payer": f"G{text}"}
    credit = Credit.model_construct(**facts)
    (deposit,) = await till.record(credit)
    assert deposit.credit.amount == credit.amount


async def test_a_record_that_cannot_be_read_is_parked_with_its_page(till, deposits):
    """Fault 67: the cursor passes it, so it must not be forgotten."""
    order = await till.order()
    unreadable = UnreadableRecord(
        operation_id="77", transaction_hash=None, reason="no amount", body="{\x00}"
    )
    read = till.page(till.credit(order), unreadable=[unreadable])
    for _ in range(2):
        await deposits.record_page(WALLET, read)
    (parked,) = await deposits.parked()
    assert (parked.operation_id, parked.reason, parked.body) == ("77", "no amount", "{\ufffd}")
    assert await till.status(order) is BillStatus.CNGN_RECEIVED

"""Starting what is recorded: many at once, none twice, and nobody held up by one that cannot be started."""

import asyncio
import logging

import pytest
from temporalio.service import RPCError, RPCStatusCode

from activities.outbox import (
    BATCH,
    CASES_AT_ONCE,
    NOT_STARTED,
    ROUNDS_BEFORE_A_CASE,
    STARTED_AT_ONCE,
    Outbox,
)
from billpay.domain.cases import CaseKind
from billpay.domain.deposits import DepositPolicy, ReturnPolicy
from billpay.domain.ids import deposit_workflow_id
from billpay.domain.money import cngn
from billpay.domain.steps import PaymentRules
from billpay.failures import Unavailable
from tests.activities.placing import deposit_into, new_order
from tests.activities.recording import Recording

RULES = PaymentRules(confirmation_deadline_seconds=1_800, review_window_seconds=0)
HOLDS = DepositPolicy(duplicate=ReturnPolicy.HOLD, unmatched=ReturnPolicy.HOLD)
GOING_ON = asyncio.Event()
"""Never set: nobody asks to stop."""


@pytest.fixture
def client() -> Recording:
    return Recording()


@pytest.fixture
def outbox(client, store) -> Outbox:
    return outbox_of(client, store)


def outbox_of(client, store, policy=None) -> Outbox:
    return Outbox(
        client=client,
        store=store,
        rules=RULES,
        policy=policy or DepositPolicy(),
        task_queue="bills",
    )


async def strays(store, clock, count):
    return [(await deposit_into(store, clock, cngn("5"), None)).operation_id for _ in range(count)]


async def test_many_are_started_at_once_and_no_more_than_that(outbox, client, store, clock):
    await strays(store, clock, 3 * STARTED_AT_ONCE)
    client.answers = asyncio.Event()
    draining = asyncio.create_task(outbox.drain(GOING_ON))
    while client.at_once < STARTED_AT_ONCE:
        await asyncio.sleep(0)
    client.answers.set()
    await draining
    assert client.most_at_once == STARTED_AT_ONCE
    assert await store.deposits.unstarted() == []


async def test_a_backlog_of_more_than_a_batch_is_started_whole_and_once(
    outbox, client, store, clock
):
    """I1."""
    names = await strays(store, clock, BATCH + 5)
    await outbox.drain(GOING_ON)
    assert sorted(client.ids) == sorted(map(deposit_workflow_id, names))
    assert await store.deposits.unstarted() == []


async def test_one_that_cannot_be_started_holds_up_nobody_and_is_told(
    outbox, client, store, clock, caplog
):
    """Fault 67."""
    first, second = await strays(store, clock, 2)
    client.poison = {deposit_workflow_id(first): ValueError("no such attribute")}
    with caplog.at_level(logging.ERROR):
        for _ in range(ROUNDS_BEFORE_A_CASE - 1):
            await outbox.drain(GOING_ON)
    assert deposit_workflow_id(second) in client.ids
    assert len([line for line in caplog.messages if first in line]) == 1
    assert await store.cases.all() == []
    for _ in range(2):
        await outbox.drain(GOING_ON)
    (case,) = await store.cases.all()
    assert (case.kind, case.subject) == (CaseKind.UNSTARTED_DEPOSIT, first)
    assert case.detail == "ValueError: no such attribute"
    events = (await store.payments.record_of_deposit(first)).events
    assert [event.kind for event in events].count(NOT_STARTED) == 1


async def test_its_case_ends_when_it_is_started(outbox, client, store, clock):
    """Also where another worker starts it, which has never failed at it."""
    (name,) = await strays(store, clock, 1)
    client.poison = {deposit_workflow_id(name): ValueError("no such attribute")}
    for _ in range(ROUNDS_BEFORE_A_CASE):
        await outbox.drain(GOING_ON)
    client.poison = {}
    await outbox_of(client, store).drain(GOING_ON)
    assert await store.cases.all() == []
    (case,) = await store.cases.all(with_closed=True)
    assert case.resolution == "its workflow was started"


async def test_where_none_can_be_started_a_person_is_told_of_a_few(outbox, client, store, clock):
    """Fault 58: Temporal refuses for a reason of its own; ten cases say as much as ten thousand."""
    names = await strays(store, clock, CASES_AT_ONCE + 5)
    client.poison = {deposit_workflow_id(name): ValueError("no such attribute") for name in names}
    for _ in range(ROUNDS_BEFORE_A_CASE + 1):
        await outbox.drain(GOING_ON)
    told = [case.subject for case in await store.cases.all()]
    assert len(told) == CASES_AT_ONCE
    # Somebody else starts those; the others are told of now, since the reason was theirs after all.
    await store.deposits.mark_started({name: deposit_workflow_id(name) for name in told})
    for _ in range(2):
        await outbox.drain(GOING_ON)
    assert {case.subject for case in await store.cases.all()} == {*names} - {*told}


async def test_a_case_that_could_not_be_opened_is_opened_with_the_next_round(
    outbox, client, store, clock
):
    """I19."""
    (name,) = await strays(store, clock, 1)
    client.poison = {deposit_workflow_id(name): ValueError("no such attribute")}
    for _ in range(ROUNDS_BEFORE_A_CASE - 1):
        await outbox.drain(GOING_ON)
    outbox.store = Forgetful(store)
    with pytest.raises(Unavailable):
        await outbox.drain(GOING_ON)
    outbox.store = store
    await outbox.drain(GOING_ON)
    assert [case.subject for case in await store.cases.all()] == [name]


class Forgetful:
    """A store whose database is lost whenever something is to be told."""

    def __init__(self, store) -> None:
        self.deposits, self.orders = store.deposits, self
        self._orders = store.orders

    async def rows(self, claimed):
        return await self._orders.rows(claimed)

    async def note(self, **facts):
        raise Unavailable("the database gave no answer")


async def test_a_batch_of_poison_does_not_keep_the_next_batch_waiting(outbox, client, store, clock):
    poison = await strays(store, clock, BATCH)
    client.poison = {deposit_workflow_id(name): ValueError("no") for name in poison}
    (good,) = await strays(store, clock, 1)
    await outbox.drain(GOING_ON)
    waiting = [one.credit.operation_id for one in await store.deposits.unstarted(limit=BATCH + 1)]
    assert good not in waiting
    assert len(waiting) == BATCH


async def test_a_silent_temporal_is_waited_for_and_nobodys_case(outbox, client, store, clock):
    """What was started before it fell silent is noted; everything else waits."""
    await strays(store, clock, 2 * STARTED_AT_ONCE)
    client.fails = [RPCError("down", RPCStatusCode.UNAVAILABLE, b"")]
    with pytest.raises(Unavailable, match="down"):
        await outbox.drain(GOING_ON)
    assert len(await store.deposits.unstarted()) == 2 * STARTED_AT_ONCE - len(client.ids) + 1
    await outbox.drain(GOING_ON)
    assert await store.deposits.unstarted() == []
    assert await store.cases.all() == []


async def test_dust_that_is_kept_starts_nothing(outbox, client, store, clock):
    await deposit_into(store, clock, cngn("1"), None)
    await outbox.drain(GOING_ON)
    assert client.ids == []


async def test_what_a_policy_holds_is_started_with_its_reason(client, store, clock):
    order = await store.orders.place(new_order())
    await deposit_into(store, clock, order.due, order.memo)
    twice = await deposit_into(store, clock, order.due, order.memo)
    nobodys = await deposit_into(store, clock, cngn("5"), "hello")
    await outbox_of(client, store, HOLDS).drain(GOING_ON)
    asked = {start["id"]: start["request"] for start in client.started}
    assert "DUPLICATE" in asked[deposit_workflow_id(twice.operation_id)].hold
    assert "UNMATCHED" in asked[deposit_workflow_id(nobodys.operation_id)].hold

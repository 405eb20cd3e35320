"""Refunds that wait on the ledger are looked after again and again, on the refunds' own queue."""

from datetime import timedelta

from temporalio import activity
from temporalio.worker import Worker

from activities import names
from activities.crossing import crossing
from billpay.domain.ids import CLAIMABLES_WORKFLOW_ID, refund_task_queue
from billpay.failures import Unavailable
from starter.schedules import CLAIMABLES_EVERY, claimables_schedule
from workflows.track_claimables import TrackClaimablesWorkflow

TASK_QUEUE = "claimables-tests"


async def look(temporal, *answers):
    """Run the workflow once against these answers; what it says, and how often it asked."""
    asked = []

    @activity.defn(name=names.CHECK_CLAIMABLES)
    async def check() -> int:
        asked.append(1)
        answer = answers[min(len(asked), len(answers)) - 1]
        if isinstance(answer, Unavailable):
            raise crossing(answer)
        return answer

    queue = refund_task_queue(TASK_QUEUE)
    async with Worker(
        temporal.client,
        task_queue=queue,
        workflows=[TrackClaimablesWorkflow],
        activities=[check],
    ):
        said = await temporal.client.execute_workflow(
            TrackClaimablesWorkflow.run, id=f"{TASK_QUEUE}-{len(answers)}", task_queue=queue
        )
    return said, len(asked)


async def test_it_says_how_many_were_settled(temporal):
    assert await look(temporal, 3) == (3, 1)


async def test_what_cannot_be_asked_now_is_asked_again(temporal):
    assert await look(temporal, Unavailable("no answer"), 0) == (0, 2)


def test_its_schedule_starts_one_at_a_time_where_the_key_is():
    schedule = claimables_schedule(task_queue="bills")
    assert schedule.action.task_queue == "bills-refunds"
    assert schedule.action.id == CLAIMABLES_WORKFLOW_ID
    assert schedule.spec.intervals[0].every == CLAIMABLES_EVERY >= timedelta(minutes=1)

import pytest
from temporalio.client import WorkflowFailureError

from activities import names
from billpay.domain.follow_ups import FollowUpReport
from billpay.failures import Unavailable
from workflows.policies import FOLLOW_UP

REPORT = FollowUpReport(answered=2, unanswered=1)


async def test_one_run_asks_once_and_tells_what_came_of_it(on_stage):
    async with on_stage(follow_up=[REPORT]) as stage:
        assert await (await stage.follow_up()).result() == REPORT
        assert stage.outside.count(names.FOLLOW_UP) == 1


async def test_a_database_that_is_away_for_a_moment_costs_no_run(on_stage):
    async with on_stage(follow_up=[Unavailable("the database gave no answer"), REPORT]) as stage:
        assert await (await stage.follow_up()).result() == REPORT
        assert stage.outside.gaps(names.FOLLOW_UP)[0] >= 10


async def test_a_database_that_stays_away_ends_the_run_and_leaves_it_to_the_schedule(on_stage):
    """A run that never ended would let the schedule skip every other one."""
    async with on_stage(follow_up=[Unavailable("the database gave no answer")]) as stage:
        with pytest.raises(WorkflowFailureError):
            await (await stage.follow_up()).result()
        assert stage.outside.count(names.FOLLOW_UP) == FOLLOW_UP["retry_policy"].maximum_attempts

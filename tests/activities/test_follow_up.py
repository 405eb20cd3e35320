"""Asking again, as a worker runs it."""

from datetime import timedelta

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.follow_up import FollowUpActivities
from activities.pay import PayActivities
from billpay.buying import Buyer
from billpay.domain.follow_ups import UNSOLD_AGES, FollowUpReport
from billpay.domain.routing import ProviderName
from billpay.failures import Unavailable
from billpay.following_up import FollowUps
from tests.activities.conftest import run
from tests.activities.placing import new_order, purchase_step, verified


@pytest.fixture
def asking(store, vtpass, clock) -> FollowUpActivities:
    providers = {ProviderName.VTPASS: vtpass}
    return FollowUpActivities(FollowUps(store=store, providers=providers, clock=clock))


@pytest.fixture
def declined(store, vtpass, clock):
    """A purchase that the shop has refused, and would be asked about by now."""

    async def make():
        step = purchase_step(await verified(store, clock, new_order("08030000000")), clock)
        buyer = Buyer(store=store, providers={ProviderName.VTPASS: vtpass}, clock=clock)
        await run(PayActivities(buyer, store).pay_bill, step)
        clock.advance(UNSOLD_AGES[0])
        return step

    return make


async def follow_up(activities, environment=None) -> FollowUpReport:
    return await (environment or ActivityEnvironment()).run(activities.follow_up)


async def test_a_repetition_asks_only_what_is_due_again(asking, declined, shop, clock):
    await declined()
    assert await follow_up(asking) == FollowUpReport(answered=1)
    assert await follow_up(asking) == FollowUpReport()
    clock.advance(timedelta(hours=1))
    assert await follow_up(asking) == FollowUpReport(answered=1)
    (row,) = shop.truth_vtpass()
    assert (row["pay_calls"], row["requeries"]) == (1, 2)


async def test_a_worker_that_stops_leaves_the_questions_to_the_next(asking, declined, shop):
    await declined()
    stopping = ActivityEnvironment()
    stopping.worker_shutdown()
    assert await follow_up(asking, stopping) == FollowUpReport()
    assert await follow_up(asking) == FollowUpReport(answered=1)


async def test_a_database_that_is_away_is_told_by_its_word(clock, vtpass):
    class Away:
        class follow_ups:  # noqa: N801  the store's own name
            @staticmethod
            async def due(*_):
                raise Unavailable("the database gave no answer")

    providers = {ProviderName.VTPASS: vtpass}
    activities = FollowUpActivities(FollowUps(store=Away, providers=providers, clock=clock))
    with pytest.raises(ApplicationError, match="no answer") as crossed:
        await follow_up(activities)
    assert crossed.value.type == "Unavailable"

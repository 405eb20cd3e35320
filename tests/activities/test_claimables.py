"""The step that looks after refunds that wait on the ledger."""

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.claimables import ClaimableActivities
from billpay.failures import Unavailable


class Checked:
    """Says what it is told to say."""

    def __init__(self, answer):
        self._answer = answer

    async def check(self):
        if isinstance(self._answer, Unavailable):
            raise self._answer
        return self._answer


async def test_it_answers_how_many_were_settled():
    steps = ClaimableActivities(Checked(2))
    assert await ActivityEnvironment().run(steps.check_claimables) == 2


async def test_a_ledger_that_gives_no_answer_is_asked_again():
    steps = ClaimableActivities(Checked(Unavailable("no answer")))
    with pytest.raises(ApplicationError) as crossed:
        await ActivityEnvironment().run(steps.check_claimables)
    assert (crossed.value.type, crossed.value.non_retryable) == ("Unavailable", False)

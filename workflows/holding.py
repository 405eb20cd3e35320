"""Refunds that a policy holds: the customer hears of it at once, and a person lets them go."""

import asyncio

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from billpay.domain.messages import MessageKind
    from billpay.domain.refunds import RefundPaid
    from billpay.domain.steps import RefundStep
    from workflows.refunding import Refunding


class Holding(Refunding):
    """A workflow whose refund may be held by a policy."""

    async def _refund(self, step: RefundStep) -> RefundPaid:
        """Return once the ledger has applied the refund; where a policy holds it, its customer is told so meanwhile.

        Meanwhile, and not before: a message that nobody takes must not keep a person from deciding.
        """
        if step.hold is None:
            return await super()._refund(step)
        telling = asyncio.create_task(self._notify(MessageKind.HELD))
        paid = await super()._refund(step)
        await telling
        return paid

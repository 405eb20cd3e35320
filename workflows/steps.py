"""The activities as a workflow calls them: typed, named for operators, each under its policy.

Also the way back from an error to what it means: `step_failed` speaks the words of `billpay.failures`.
"""

from dataclasses import dataclass
from typing import Any, cast

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities import names
    from billpay.domain.catalogue import PriceListsRead, ReadPriceLists
    from billpay.domain.ids import refund_task_queue
    from billpay.domain.outcomes import Outcome
    from billpay.domain.refunds import RefundAnswer
    from billpay.domain.steps import (
        AbandonAttempt,
        AccountAnswer,
        NotifyStep,
        PaymentVerdict,
        PurchaseStep,
        RecordProgress,
        RefundStep,
        RetryRefund,
        StoreResult,
        VerifyAccount,
        VerifyPayment,
    )
    from workflows import policies
    from workflows.policies import Policy

UNFORESEEN = "Ambiguous"
"""What every failure without one of our words counts as: a timeout, a lost worker, a bug."""

_WORDS = frozenset({"Invalid", "Unavailable", "Ambiguous", "Misconfigured"})


@dataclass(frozen=True)
class StepFailed:
    """Why a step gave no answer."""

    word: str
    """The class name of one of `billpay.failures`."""

    detail: str
    """For the operator."""

    customer: str
    """For the customer."""


def step_failed(error: ActivityError) -> StepFailed:
    """Read what a failed activity means; whatever has no word of ours is `Ambiguous`."""
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.type in _WORDS:
        customer = str(cause.details[0]) if cause.details else ""
        return StepFailed(cause.type, cause.message, customer)
    return StepFailed(UNFORESEEN, f"{type(cause).__name__}: {cause}", "")


def as_paragraphs(lines: str) -> str:
    """Keep lines apart where the Web UI would run them together: it reads details as Markdown."""
    return lines.replace("\n", "\n\n")


async def verify_payment(request: VerifyPayment) -> PaymentVerdict:
    """Ask whether the deposit is good for its order."""
    verdict: PaymentVerdict = await _run(
        names.VERIFY_PAYMENT,
        request,
        PaymentVerdict,
        policies.OUR_OWN_RECORDS,
        summary="hold the deposit against its order",
    )
    return verdict


async def verify_account(request: VerifyAccount) -> AccountAnswer:
    """Ask the provider whether it can serve the account."""
    answer: AccountAnswer = await _run(
        names.VERIFY_ACCOUNT,
        request,
        AccountAnswer,
        policies.VERIFY_ACCOUNT,
        summary=f"ask {request.provider} about the account",
    )
    return answer


async def pay_bill(step: PurchaseStep) -> Outcome:
    """Buy, under the one rhythm that is safe for it."""
    outcome: Outcome = await _run(
        names.PAY_BILL,
        step,
        Outcome,
        policies.PAY_BILL,
        summary=f"buy from {step.provider}, attempt {step.number}, request {step.request_id}",
        activity_id=f"{names.PAY_BILL}-{step.number}",
    )
    return outcome


def start_confirming(step: PurchaseStep, round_number: int) -> workflow.ActivityHandle[Outcome]:
    """Begin asking the provider until it is certain; the handle can be cancelled to ask anew at once."""
    handle: workflow.ActivityHandle[Outcome] = workflow.start_activity(
        names.CONFIRM_PAYMENT,
        step,
        result_type=cast("type", Outcome),
        summary=f"ask {step.provider} what became of {step.request_id}",
        activity_id=f"{names.CONFIRM_PAYMENT}-{step.number}-{round_number}",
        **policies.CONFIRM_PAYMENT,
    )
    return handle


async def ask_provider(step: PurchaseStep) -> Outcome:
    """Ask once what became of an attempt, for a person who is about to decide."""
    outcome: Outcome = await _run(
        names.ASK_PROVIDER,
        step,
        Outcome,
        policies.ASK_ONCE,
        summary=f"last word of {step.provider}",
    )
    return outcome


async def abandon_attempt(request: AbandonAttempt) -> None:
    """Give a provider up for this order."""
    await _run(
        names.ABANDON_ATTEMPT,
        request,
        None,
        policies.OUR_OWN_RECORDS,
        summary=f"give {request.attempt.provider} up: it sold nothing",
    )


async def store_result(request: StoreResult) -> None:
    """Make the delivery and its token final."""
    await _run(
        names.STORE_RESULT,
        request,
        None,
        policies.OUR_OWN_RECORDS,
        summary="make the delivery final",
    )


async def record_progress(request: RecordProgress) -> None:
    """Write down what the workflow decided."""
    await _run(names.RECORD_PROGRESS, request, None, policies.OUR_OWN_RECORDS, summary=request.kind)


async def notify_customer(request: NotifyStep) -> None:
    """Tell the customer."""
    await _run(
        names.NOTIFY_CUSTOMER,
        request,
        None,
        policies.NOTIFY_CUSTOMER,
        summary=f"tell the customer: {request.kind or 'where the payment stands'}",
    )


async def refund_payment(request: RefundStep) -> RefundAnswer:
    """Send money back, where the wallet's key is; repeated until the ledger or a policy has spoken."""
    answer: RefundAnswer = await _run(
        names.REFUND_PAYMENT,
        request,
        RefundAnswer,
        policies.REFUND_PAYMENT,
        summary=f"refund ({request.purpose}): {request.reason}",
        activity_id=f"{names.REFUND_PAYMENT}-{request.purpose}",
        task_queue=refund_task_queue(workflow.info().task_queue),
    )
    return answer


async def retry_refund(request: RetryRefund) -> None:
    """Let a held refund go again."""
    await _run(
        names.RETRY_REFUND,
        request,
        None,
        policies.OUR_OWN_RECORDS,
        summary="let the held refund go again",
    )


async def read_price_lists(request: ReadPriceLists) -> PriceListsRead:
    """Read everything that one provider lists."""
    answer: PriceListsRead = await _run(
        names.READ_PRICE_LISTS,
        request,
        PriceListsRead,
        policies.READ_PRICE_LISTS,
        summary=f"read what {request.provider} lists",
        activity_id=f"{names.READ_PRICE_LISTS}-{request.provider}",
    )
    return answer


async def _run(
    name: str,
    request: Any,
    answer: Any,
    policy: Policy,
    *,
    summary: str | None = None,
    activity_id: str | None = None,
    task_queue: str | None = None,
) -> Any:
    return await workflow.execute_activity(
        name,
        request,
        result_type=answer,
        summary=summary,
        activity_id=activity_id,
        task_queue=task_queue,
        **policy,
    )

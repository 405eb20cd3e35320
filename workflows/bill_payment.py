"""One paid order, from its deposit to delivery or refund."""

from datetime import timedelta
from uuid import UUID

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from billpay.domain.deposits import ReturnIt
    from billpay.domain.interventions import Intervention
    from billpay.domain.messages import MessageKind
    from billpay.domain.money import Stroops
    from billpay.domain.refunds import RefundPurpose
    from billpay.domain.routing import ProviderName
    from billpay.domain.statuses import BillStatus
    from billpay.domain.steps import (
        AccountAnswer,
        BillPaymentRequest,
        Payable,
        RefundStep,
        StoreResult,
        VerifyAccount,
        VerifyPayment,
    )
    from billpay.domain.summaries import NO_PROVIDER
    from workflows import steps
    from workflows.holding import Holding
    from workflows.purchasing import (
        AFTER_THE_DEADLINE,
        Ending,
        GiveBack,
        NextProvider,
        Purchasing,
        Sold,
        vouched,
    )
    from workflows.review import Decision, uncancellable
    from workflows.steps import step_failed


@workflow.defn(name="BillPaymentWorkflow")
class BillPaymentWorkflow(Holding, Purchasing):
    """Serve the order that a deposit has claimed, or give the money back; never both, never neither.

    | step            | undo |
    |-----------------|------|
    | verify_payment  | none: it only asks our records |
    | verify_account  | none: it only asks the provider |
    | pay_bill        | none: a sale cannot be undone, so nothing follows it but certainty |
    | confirm_payment | none: it only asks |
    | store_result    | none: it is the end of a delivered order |
    | notify_customer | none: messages never change money |
    | refund_payment  | it undoes the deposit, and follows only proof that nothing was sold |
    """

    @workflow.init
    def __init__(self, request: BillPaymentRequest) -> None:
        super().__init__(request)
        self._excess = Stroops(0)
        self._kept = Stroops(0)
        self._hold: str | None = None
        """Why a person must let the excess go first."""

    def _about(self) -> tuple[UUID, str]:
        return self._request.transaction_id, self._request.operation_id

    @workflow.run
    async def run(self, request: BillPaymentRequest) -> str:
        """Answer the status in which it ended."""
        return await uncancellable(self._settle(request))

    async def _settle(self, request: BillPaymentRequest) -> str:
        verdict = await steps.verify_payment(
            VerifyPayment(transaction_id=request.transaction_id, operation_id=request.operation_id)
        )
        if isinstance(verdict, ReturnIt):
            await self._give_back(verdict.reason, hold=verdict.hold)
        else:
            self._weigh(verdict, verdict.excess)
            ending = await self._serve(verdict)
            if isinstance(ending, GiveBack):
                await self._give_back(ending.reason)
            else:
                await self._deliver(ending)
        await self._all_told()
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._progress.status

    def _weigh(self, found: Payable | AccountAnswer, excess: Stroops) -> None:
        """Keep in mind what becomes of what came above the due."""
        self._excess, self._kept, self._hold = excess, found.kept, found.hold

    async def _serve(self, payable: Payable) -> Sold | GiveBack:
        """Ask one provider after the other; after all in vain, a person within the review window."""
        if payable.unfinished is not None:
            ending = await self._finish(payable.unfinished)
            if not isinstance(ending, NextProvider):
                return ending
        while True:
            ending = await self._try_in_turn(payable.route)
            if not isinstance(ending, NextProvider):
                return ending
            decision = await self._review_before_refund(ending.detail)
            if decision is None or decision.intervention is Intervention.REFUND_PAYMENT:
                return GiveBack(NO_PROVIDER)
            if decision.intervention is Intervention.MARK_DELIVERED:
                return vouched(decision)

    async def _try_in_turn(self, route: tuple[ProviderName, ...]) -> Ending:
        ending: Ending = NextProvider("no provider was asked")
        for number, provider in enumerate(route, start=1):
            ending = await self._try_provider(provider, others=route[number:])
            if not isinstance(ending, NextProvider):
                break
        return ending

    async def _try_provider(
        self, provider: ProviderName, *, others: tuple[ProviderName, ...]
    ) -> Ending:
        """Verify the account, then buy; the next provider follows only when this one has sold nothing (I4)."""
        self._enter(BillStatus.VERIFYING_ACCOUNT, provider=provider)
        try:
            account = await steps.verify_account(
                VerifyAccount(
                    transaction_id=self._request.transaction_id,
                    provider=provider,
                    others=others,
                    operation_id=self._request.operation_id,
                )
            )
        except ActivityError as error:
            detail = step_failed(error).detail
            await self._record("verification_failed", detail, status=BillStatus.PROVIDER_FAILED)
            return NextProvider(detail)
        if account.refused:
            return GiveBack(account.refused)
        if account.passed_over:
            self._enter(BillStatus.PROVIDER_FAILED)
            return NextProvider(account.passed_over)
        if account.excess is not None:
            self._weigh(account, account.excess)
        return await self._buy(provider, others=others)

    async def _review_before_refund(self, why: str) -> Decision | None:
        window = self._request.rules.review_window_seconds
        if not window:
            return None
        return await self._ask_a_person(why, AFTER_THE_DEADLINE, within=timedelta(seconds=window))

    async def _deliver(self, sold: Sold) -> None:
        """Make the delivery final, then tell the customer, then return what came above the due."""
        await steps.store_result(
            StoreResult(
                transaction_id=self._request.transaction_id,
                detail=sold.detail,
                actor=sold.actor,
                provider_reference=sold.provider_reference,
            )
        )
        self._enter(BillStatus.COMPLETED)
        await self._tell(MessageKind.COMPLETED)
        if self._kept:
            await self._tell(MessageKind.EXCESS_KEPT)
        if self._excess:
            await self._refund(
                RefundStep(
                    operation_id=self._request.operation_id,
                    purpose=RefundPurpose.EXCESS,
                    amount=self._excess,
                    reason="more arrived than was due",
                    hold=self._hold,
                )
            )
            self._enter(BillStatus.COMPLETED)
            await self._tell(MessageKind.EXCESS_REFUNDED)

    async def _give_back(self, reason: str, *, hold: str | None = None) -> None:
        self._enter(BillStatus.REFUND_INITIATED)
        await self._refund(
            RefundStep(
                operation_id=self._request.operation_id,
                purpose=RefundPurpose.WHOLE,
                amount=None,
                reason=reason,
                hold=hold,
            )
        )
        await self._tell(MessageKind.REFUNDED)

"""Step: is the deposit good for its order, and can a provider serve the account?"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from temporalio import activity

from activities import names
from activities.crossing import failures_cross
from billpay.breakers import Breakers
from billpay.domain.accounts import AccountRefused, AccountVerdict, ProductNotSold
from billpay.domain.attempts import Attempt
from billpay.domain.breaker import Question, line_of
from billpay.domain.deposits import DepositPolicy, PayTheBill, ReturnIt, assess, weigh
from billpay.domain.money import spoken_cngn
from billpay.domain.orders import Order
from billpay.domain.prices import PriceChange
from billpay.domain.refunds import RefundPurpose
from billpay.domain.routing import ProviderName, Route, route
from billpay.domain.statuses import BillStatus
from billpay.domain.steps import (
    AccountAnswer,
    Payable,
    PaymentVerdict,
    PurchaseStep,
    VerifyAccount,
    VerifyPayment,
)
from billpay.domain.summaries import bill_title
from billpay.failures import Failure, Invalid, Misconfigured, Unavailable
from billpay.price_check import PriceCheck
from billpay.providers.base import Provider, Purchase
from billpay.store import Store

NOBODY_SELLS_IT = "nobody we buy from sells this at the moment"

REROUTED = "rerouted"
"""Kind of the event that says why a provider was passed over."""


@dataclass(frozen=True)
class VerifyActivities:
    """The two verifications before any money is spent."""

    store: Store
    providers: Mapping[ProviderName, Provider]
    deposit_policy: DepositPolicy
    breakers: Breakers
    price_change: PriceChange = PriceChange.REFUND

    @activity.defn(name=names.VERIFY_PAYMENT)
    async def verify_payment(self, request: VerifyPayment) -> PaymentVerdict:
        """Answer whether the deposit pays its order, and whom to ask.

        Safe to repeat: it reads, and notes what it found.
        """
        with failures_cross():
            deposit = await self.store.deposits.get(request.operation_id)
            try:
                order = await self.store.orders.get(request.transaction_id)
            except Invalid as invalid:
                return await self._return(request, invalid.customer, invalid.detail)
            given_back = await self.store.refunds.find(request.operation_id, RefundPurpose.WHOLE)
            if given_back is not None:
                # Only after a reset: the decision was made, and a refund is wanted once.
                return ReturnIt(reason=given_back.reason)
            verdict = assess(order, deposit.credit, self.deposit_policy)
            if isinstance(verdict, ReturnIt):
                return await self._return(request, verdict.reason, verdict.reason, verdict.hold)
            # Only after a reset as well: what may be sold is finished, whoever sells it now.
            unfinished = await self.store.attempts.possible_sale(order.transaction_id)
            planned = await self._line_up(order)
            if not planned.sellers and unfinished is None:
                reasons = _told("no provider sells this", planned)
                return await self._return(request, NOBODY_SELLS_IT, reasons)
            await self._note_excess(request, verdict)
            return Payable(
                bill_type=order.bill_type,
                title=bill_title(order),
                route=tuple(planned.sellers),
                excess=verdict.excess,
                kept=verdict.kept,
                hold=verdict.hold,
                unfinished=None if unfinished is None else _step(unfinished),
            )

    @activity.defn(name=names.VERIFY_ACCOUNT)
    async def verify_account(self, request: VerifyAccount) -> AccountAnswer:
        """Answer whether the provider can serve the order's account; its holder's name stays in the store.

        Safe to repeat: it only asks.

        Raises:
            Unavailable: it could not be asked, which says nothing about the account.
            Misconfigured: our key or address was refused.
        """
        with failures_cross():
            order = await self.store.orders.get(request.transaction_id)
            await self.store.orders.change_status(
                order.transaction_id,
                BillStatus.VERIFYING_ACCOUNT,
                detail=f"asking {request.provider} about the account",
            )
            count = partial(self._count, order, request.provider)
            asked = _Counting(self._provider(request.provider), count)
            prices = PriceCheck(self.store, self.price_change)
            try:
                verdict = await prices.verify_account(cast("Provider", asked), order)
            except Unavailable as silence:
                if not (asked.fails_everybody and request.others):
                    raise
                # Nobody waits for a repetition at who fails everybody while there is somebody else to ask.
                return await self._pass_over(order, f"{silence.detail}; its breaker is open")
            return await self._conclude(request, order, verdict)

    async def _conclude(
        self, request: VerifyAccount, order: Order, verdict: AccountVerdict
    ) -> AccountAnswer:
        """Keep what the provider says, and turn it into what may follow."""
        provider = request.provider
        await self.store.orders.record_verification(order.transaction_id, verdict, provider)
        match verdict:
            case AccountRefused(reason=reason, price=price):
                # A changed price ends the order too, but there is nothing wrong with the account.
                is_account = price is None
                status = BillStatus.ACCOUNT_INVALID if is_account else BillStatus.PROVIDER_FAILED
                await self._show(order, status, reason)
                return AccountAnswer(refused=reason)
            case ProductNotSold(reason=reason):
                return await self._pass_over(order, f"{provider} does not sell it: {reason}")
            case _:
                return await self._servable(request)

    async def _servable(self, request: VerifyAccount) -> AccountAnswer:
        """Answer that it can be bought, and what becomes of the excess at the price that the order has now."""
        if request.operation_id is None:
            return AccountAnswer(refused=None)
        order = await self.store.orders.get(request.transaction_id)
        deposit = await self.store.deposits.get(request.operation_id)
        found = weigh(order, deposit.credit, self.deposit_policy)
        return AccountAnswer(refused=None, excess=found.excess, kept=found.kept, hold=found.hold)

    async def _pass_over(self, order: Order, why: str) -> AccountAnswer:
        """Have the next provider asked; nothing is said of the account."""
        await self._show(order, BillStatus.PROVIDER_FAILED, f"passed over: {why}")
        return AccountAnswer(refused=None, passed_over=why)

    async def _show(self, order: Order, status: BillStatus, detail: str) -> None:
        """Show what the question led to, unless its repetition has led further meanwhile."""
        await self.store.orders.change_status(
            order.transaction_id, status, detail=detail, only_from=BillStatus.VERIFYING_ACCOUNT
        )

    async def _count(self, order: Order, provider: ProviderName, said: Any) -> bool:
        return await self.breakers.count(
            said,
            by=provider,
            line=line_of(order.bill_type, order.biller),
            question=Question.VERIFY,
            transaction_id=order.transaction_id,
        )

    def _provider(self, name: ProviderName) -> Provider:
        provider = self.providers.get(name)
        if provider is None:
            raise Misconfigured(f"{name} is not configured here any more")
        return provider

    async def _line_up(self, order: Order) -> Route:
        """Choose whom to ask, and note who is passed over for it and why."""

        def refusal(name: ProviderName) -> str | None:
            provider = self.providers.get(name)
            if provider is None:
                return "is not configured here"
            if not provider.sells(order.bill_type, order.biller):
                return f"sells no {order.bill_type} of {order.biller}"
            return None

        planned = await self.breakers.line_up(order, route(order, refusal))
        if planned.sellers and planned.passed_over:
            await self.store.orders.note(
                kind=REROUTED,
                detail=_told(f"{planned.sellers[0]} is asked first", planned),
                transaction_id=order.transaction_id,
            )
        return planned

    async def _return(
        self, request: VerifyPayment, customer: str, operator: str, hold: str | None = None
    ) -> ReturnIt:
        await self._note(request, "deposit_returned", f"{operator}; {hold}" if hold else operator)
        return ReturnIt(reason=customer, hold=hold)

    async def _note_excess(self, request: VerifyPayment, found: PayTheBill) -> None:
        """Tell the timeline where the policy does anything else with an excess than to return it."""
        if found.kept:
            kept = f"{spoken_cngn(found.kept)} above the due stays here: BILL_PROCESSOR_OVER_POLICY"
            await self._note(request, "excess_kept", kept)
        elif found.hold:
            held = f"{spoken_cngn(found.excess)} above the due: {found.hold}"
            await self._note(request, "excess_to_hold", held)

    async def _note(self, request: VerifyPayment, kind: str, detail: str) -> None:
        await self.store.orders.note(
            kind=kind,
            detail=detail,
            transaction_id=request.transaction_id,
            operation_id=request.operation_id,
        )


@dataclass
class _Counting:
    """A provider whose every answer about an account is counted; what our own records do in between is not."""

    provider: Provider
    count: Callable[[Any], Awaitable[bool]]
    fails_everybody: bool = False
    """Whether it gave no answer, and its breaker is open."""

    @property
    def name(self) -> ProviderName:
        return self.provider.name

    async def verify_account(self, purchase: Purchase) -> AccountVerdict:
        try:
            verdict = await self.provider.verify_account(purchase)
        except Failure as failure:
            self.fails_everybody = await self.count(failure)
            raise
        await self.count(verdict)
        return verdict


def _told(what: str, planned: Route) -> str:
    """Say what was decided, and why each of those passed over was."""
    return f"{what}: {'; '.join(map(str, planned.passed_over))}"


def _step(attempt: Attempt) -> PurchaseStep:
    return PurchaseStep(
        transaction_id=attempt.transaction_id,
        provider=attempt.provider,
        number=attempt.number,
        request_id=attempt.request_id,
    )

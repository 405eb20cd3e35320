"""Step: is the deposit good for its order, and can a provider serve the account?"""

from collections.abc import Mapping
from dataclasses import dataclass

from temporalio import activity

from activities import names
from activities.crossing import failures_cross
from billpay.domain.accounts import AccountRefused
from billpay.domain.deposits import DepositPolicy, ReturnIt, assess
from billpay.domain.orders import Order
from billpay.domain.routing import ProviderName, route
from billpay.domain.statuses import BillStatus
from billpay.domain.steps import (
    AccountAnswer,
    Payable,
    PaymentVerdict,
    VerifyAccount,
    VerifyPayment,
)
from billpay.domain.summaries import bill_title
from billpay.failures import Invalid, Misconfigured
from billpay.providers.base import Provider, Purchase
from billpay.store import Store

NOBODY_SELLS_IT = "nobody we buy from sells this at the moment"


@dataclass(frozen=True)
class VerifyActivities:
    """The two verifications before any money is spent."""

    store: Store
    providers: Mapping[ProviderName, Provider]
    deposit_policy: DepositPolicy

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
            verdict = assess(order, deposit.credit, self.deposit_policy)
            if isinstance(verdict, ReturnIt):
                return await self._return(request, verdict.reason, verdict.reason)
            sellers = await self._line_up(order)
            if not sellers:
                return await self._return(request, NOBODY_SELLS_IT, "no provider sells this biller")
            return Payable(
                bill_type=order.bill_type,
                title=bill_title(order),
                route=sellers,
                excess=verdict.excess,
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
            verdict = await self._provider(request.provider).verify_account(Purchase.of(order))
            await self.store.orders.record_verification(
                order.transaction_id, verdict, request.provider
            )
            if not isinstance(verdict, AccountRefused):
                return AccountAnswer(refused=None)
            await self.store.orders.change_status(
                order.transaction_id, BillStatus.ACCOUNT_INVALID, detail=verdict.reason
            )
            return AccountAnswer(refused=verdict.reason)

    def _provider(self, name: ProviderName) -> Provider:
        provider = self.providers.get(name)
        if provider is None:
            raise Misconfigured(f"{name} is not configured here any more")
        return provider

    async def _line_up(self, order: Order) -> tuple[ProviderName, ...]:
        """Choose whom to ask, and note why the provider the order names is not among them."""

        def sells(name: ProviderName) -> bool:
            provider = self.providers.get(name)
            return provider is not None and provider.sells(order.bill_type, order.biller)

        sellers = tuple(route(order, sells))
        if sellers and order.requested_provider != sellers[0]:
            await self.store.orders.note(
                kind="rerouted",
                detail=f"{order.requested_provider} cannot sell this here; {sellers[0]} is asked",
                transaction_id=order.transaction_id,
            )
        return sellers

    async def _return(self, request: VerifyPayment, customer: str, operator: str) -> ReturnIt:
        await self.store.orders.note(
            kind="deposit_returned",
            detail=operator,
            transaction_id=request.transaction_id,
            operation_id=request.operation_id,
        )
        return ReturnIt(reason=customer)

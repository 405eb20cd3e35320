"""The seam to the companies through whom bills are bought.

Answers are values, the absence of an answer is one of `billpay.failures`; anything unforeseen in a call that moves
money is `Ambiguous`. A provider is one file beside this one and one line in the registry (`billpay.providers`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from billpay.domain.accounts import AccountRefused, AccountVerdict, ProductNotSold
from billpay.domain.bills import BillerCode, BillType, MeterType, Product
from billpay.domain.money import Kobo
from billpay.domain.orders import Order
from billpay.domain.outcomes import Answer, Declined, Whose
from billpay.domain.routing import ProviderName


@dataclass(frozen=True, kw_only=True)
class Purchase:
    """What to buy, in our words; each adapter translates."""

    bill_type: BillType
    biller: BillerCode
    account_number: str
    meter_type: MeterType | None
    product_code: str | None
    amount: Kobo
    contact_phone: str

    @classmethod
    def of(cls, order: Order) -> "Purchase":
        """Describe what an order wants bought."""
        return cls(
            bill_type=order.bill_type,
            biller=order.biller,
            account_number=order.account_number,
            meter_type=order.meter_type,
            product_code=order.product_code,
            amount=order.bill_amount,
            contact_phone=order.contact_phone,
        )

    @property
    def is_renewal(self) -> bool:
        """Whether a running TV subscription is renewed as it stands."""
        return self.bill_type is BillType.CABLE_TV and self.product_code is None

    @property
    def wants_token(self) -> bool:
        """Whether delivery means a token: prepaid electricity only."""
        return self.meter_type is MeterType.PREPAID


def not_sent(refusal: AccountRefused | ProductNotSold) -> Answer:
    """Answer a purchase that was refused before anything was sent."""
    whose = Whose.CUSTOMER if isinstance(refusal, AccountRefused) else Whose.PROVIDER
    return Answer(outcome=Declined(code="not sent", reason=refusal.reason, whose=whose))


class Provider(Protocol):
    """A company that sells bills."""

    name: ProviderName

    def sells(self, bill_type: BillType, biller: BillerCode) -> bool:
        """Whether this provider can be asked for this biller at all, as far as it knows without asking."""
        ...

    async def verify_account(self, purchase: Purchase) -> AccountVerdict:
        """Ask whether the account can be served, and the product bought here. Moves nothing; safe to repeat.

        Raises:
            Unavailable: it could not be asked; says nothing about the account.
            Misconfigured: our key or address was refused.
        """
        ...

    async def buy(self, purchase: Purchase, request_id: str) -> Answer:
        """Buy once, under this request id. Not safe to repeat without a `requery` that says `NeverSeen`.

        Raises:
            Unavailable: nothing was sold; the same id may be sent again.
            Ambiguous: it may have been sold.
            Misconfigured: our key, float or catalogue was refused; nothing was sold.
        """
        ...

    async def requery(
        self, purchase: Purchase, request_id: str, provider_reference: str | None = None
    ) -> Answer:
        """Ask what became of a request id. Never buys; safe to repeat.

        `provider_reference` is the provider's own name for it, where one was told; some find a purchase only by that.

        Raises:
            Unavailable: it could not be asked; says nothing about the purchase.
            Misconfigured: our key or address was refused; says nothing about the purchase.
        """
        ...

    async def float_balance(self) -> Kobo:
        """Answer our prepaid balance.

        Raises:
            Unavailable, Misconfigured: as for every question.
        """
        ...

    async def products(self, bill_type: BillType, biller: BillerCode) -> Sequence[Product]:
        """List what the biller sells with its prices; empty where the customer chooses the amount.

        Raises:
            Unavailable, Misconfigured: as for every question.
        """
        ...

    async def close(self) -> None:
        """Release the connections."""
        ...

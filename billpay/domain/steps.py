"""What crosses between workflows and activities: requests and answers, never a secret, never a dict.

Histories keep these for good and in clear, so they hold ids, amounts and words; accounts, names and tokens
stay in the store.
"""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from billpay.domain.bills import BillType
from billpay.domain.deposits import ReturnIt
from billpay.domain.messages import MessageKind
from billpay.domain.money import Stroops
from billpay.domain.refunds import RefundPurpose
from billpay.domain.routing import ProviderName
from billpay.domain.statuses import BillStatus


class _Step(BaseModel):
    model_config = ConfigDict(frozen=True)


class PaymentRules(_Step):
    """Settings a payment is run by, fixed when its workflow starts."""

    confirmation_deadline_seconds: int
    """How long a provider may stay uncertain before a person is told."""

    review_window_seconds: int
    """How long a payment whose attempts are used up waits for a person before it is refunded; 0: not at all."""


class BillPaymentRequest(_Step):
    """Starts the workflow of an order."""

    transaction_id: UUID
    operation_id: str
    """The deposit that claims the order."""

    rules: PaymentRules


class ReturnDepositRequest(_Step):
    """Starts the workflow of a deposit that claims no order."""

    operation_id: str
    reason: str
    """In words its payer may read."""

    hold: str | None = None
    """Why a person must let it go first: a policy; None where it goes by itself."""


class ResendRequest(_Step):
    """Starts the workflow that tells a customer again."""

    transaction_id: UUID
    actor: str
    reason: str


class VerifyPayment(_Step):
    """Is the deposit good for its order?"""

    transaction_id: UUID
    operation_id: str


class PurchaseStep(_Step):
    """One attempt to buy, from opening to certainty."""

    transaction_id: UUID
    provider: ProviderName
    number: int
    request_id: str
    others: tuple[ProviderName, ...] = ()
    """Who is asked if this one sells nothing; nobody where it is the last."""


class Payable(_Step):
    """The deposit covers the order, and somebody can sell it."""

    kind: Literal["payable"] = "payable"
    bill_type: BillType
    title: str
    """The bill in one line, its account masked."""

    route: tuple[ProviderName, ...]
    """Whom to ask, in this order; never empty."""

    excess: Stroops
    """To be returned after delivery."""

    kept: Stroops = Stroops(0)
    """What came above the due and stays here, by policy."""

    hold: str | None = None
    """Why a person must let the excess go first; None where it goes by itself."""

    unfinished: PurchaseStep | None = None
    """A purchase of an earlier run that is or may be sold: to be finished before anything else is tried."""


PaymentVerdict = Annotated[Payable | ReturnIt, Field(discriminator="kind")]


class VerifyAccount(_Step):
    """Can this provider serve the order's account?"""

    transaction_id: UUID
    provider: ProviderName
    others: tuple[ProviderName, ...] = ()
    """Who is asked if this one cannot tell; nobody where it is the last."""

    operation_id: str | None = None
    """The deposit that pays for it."""


class AccountAnswer(_Step):
    """The provider's word on the account, without its holder's name."""

    refused: str | None
    """Why not, in the customer's words; None where it can be served."""

    passed_over: str | None = None
    """Why another provider is asked, which says nothing of the account; None where this one can be bought from."""

    excess: Stroops | None = None
    """What goes back after delivery at the price found here; None where nothing is known beyond `Payable`."""

    kept: Stroops = Stroops(0)
    hold: str | None = None
    """As in `Payable`, at that price; they count where `excess` does."""


class AbandonAttempt(_Step):
    """Give a provider up for this order: its attempt is known to have sold nothing."""

    attempt: PurchaseStep
    detail: str
    actor: str = "service"


class StoreResult(_Step):
    """Make the delivery final."""

    transaction_id: UUID
    detail: str
    actor: str = "service"
    provider_reference: str | None = None
    """Only where a person, not a provider's answer, vouches for the delivery."""


class RecordProgress(_Step):
    """Write down what the workflow decided."""

    kind: str
    detail: str
    actor: str = "service"
    status: BillStatus | None = None
    """The order's new status, if it changes with this."""

    transaction_id: UUID | None = None
    operation_id: str | None = None


class RefundStep(_Step):
    """Send money back to whoever paid."""

    operation_id: str
    purpose: RefundPurpose
    amount: Stroops | None
    """None for everything that came."""

    reason: str
    """In words its payer may read."""

    hold: str | None = None
    """Why it is opened held, for the operator; None where it goes by itself."""


class RetryRefund(_Step):
    """Let a held refund go again, on a person's word."""

    operation_id: str
    purpose: RefundPurpose
    actor: str
    reason: str


class NotifyStep(_Step):
    """Tell a customer one thing once."""

    kind: MessageKind | None
    """None for whatever fits where the payment stands now: a resend."""

    transaction_id: UUID | None
    operation_id: str | None
    edition: int = 1
    """Above 1 when the same thing is deliberately told again."""

"""The seven payments of the demo: what is ordered, how the sandbox behaves, and how it must end.

The accounts are trigger accounts of the sandbox (`billpay.sandbox.vtpass_triggers`): the number decides what happens.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from billpay.domain.bills import BillType
from billpay.domain.statuses import BillStatus
from billpay.sandbox.scripts import Says, Script
from starter.ordering import Typed

READ_TIMEOUT_SECONDS = 20
"""How long the demo waits for a silent provider; the service itself waits a minute."""

_S = BillStatus
_VERIFIED = (_S.CNGN_RECEIVED, _S.VERIFYING_ACCOUNT)
_BOUGHT = (*_VERIFIED, _S.PROCESSING_BILL)
_RETURNED = (_S.REFUND_INITIATED, _S.REFUND_PROCESSING, _S.REFUNDED)


@dataclass(frozen=True, kw_only=True)
class Story:
    """One payment, and how it is meant to go."""

    title: str
    tells: str
    """What a newcomer sees in it, in one line."""

    bill_type: BillType
    biller: str
    account: str
    meter_type: str | None = None
    product: str | None = None
    amount: str | None = None
    """In naira, without our fee; None where the provider names the price."""

    script: Script | None = None
    """How its account behaves, where its trigger's own behaviour does not tell the story."""

    path: tuple[BillStatus, ...]
    """What it must pass through, in this order; the last one is its end."""

    sent: int = 1
    """How often the provider must hear its purchase."""

    asked: int = 0
    """How often the provider must at least be asked what became of it."""

    def typed(self, wallet: str) -> Typed:
        """Write its order as a customer with this wallet types it."""
        return Typed(
            bill_type=self.bill_type,
            wallet=wallet,
            account=self.account,
            biller=self.biller,
            meter_type=self.meter_type,
            product=self.product,
            amount=self.amount,
        )

    @property
    def ends_as(self) -> BillStatus:
        """How it must end."""
        return self.path[-1]


STORIES: Sequence[Story] = (
    Story(
        title="Electricity",
        tells="a prepaid meter: the token is stored before anyone is told",
        bill_type=BillType.ELECTRICITY,
        biller="ekedc",
        account="1234567890",
        meter_type="prepaid",
        amount="5000",
        path=(*_BOUGHT, _S.COMPLETED),
    ),
    Story(
        title="Airtime",
        tells="delivered at once",
        bill_type=BillType.AIRTIME,
        biller="mtn",
        account="08012345678",
        amount="500",
        path=(*_BOUGHT, _S.COMPLETED),
    ),
    Story(
        title="Data bundle",
        tells="1 GB for 30 days, at the price on the provider's list",
        bill_type=BillType.DATA,
        biller="glo",
        account="07012345678",
        product="glo-dg-320",
        path=(*_BOUGHT, _S.COMPLETED),
    ),
    Story(
        title="TV renewal",
        tells="accepted first, certain later: asked after 10 s and 60 s",
        bill_type=BillType.CABLE_TV,
        biller="dstv",
        account="1234567890",
        amount="7400",
        path=(*_BOUGHT, _S.PROVIDER_PROCESSING, _S.COMPLETED),
        asked=2,
    ),
    Story(
        title="Wrong meter",
        tells="the disco does not know it: the money goes back, our fee too",
        bill_type=BillType.ELECTRICITY,
        biller="ekedc",
        account="9999999999",
        meter_type="prepaid",
        amount="5000",
        path=(*_VERIFIED, _S.ACCOUNT_INVALID, *_RETURNED),
        sent=0,
    ),
    Story(
        title="Silent provider",
        tells="no answer is no failure: never bought again, asked after 10 s and 60 s",
        bill_type=BillType.AIRTIME,
        biller="mtn",
        account="300000000000",
        amount="500",
        # Sold half a minute after the first question, half a minute before the second.
        script=Script(pay=Says.TIMEOUT, delivers_after_seconds=READ_TIMEOUT_SECONDS + 40),
        path=(*_BOUGHT, _S.PROVIDER_PROCESSING, _S.COMPLETED),
        asked=2,
    ),
    Story(
        title="Provider offline",
        tells="three attempts, 10 s and 60 s apart, then the money goes back",
        bill_type=BillType.CABLE_TV,
        biller="startimes",
        account="600000000000",
        product="ewallet",
        amount="1000",
        path=(
            *_BOUGHT,
            *(_S.RETRY_SCHEDULED, _S.PROCESSING_BILL),
            *(_S.RETRY_SCHEDULED, _S.PROCESSING_BILL),
            _S.PROVIDER_FAILED,
            *_RETURNED,
        ),
        sent=3,
        asked=2,
    ),
)

"""The eight payments of the demo: what is ordered, how the sandbox behaves, and how it must end.

The accounts are trigger accounts of the sandbox (`vtpass_triggers`, `flutterwave_triggers`): the number decides what
happens.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from billpay.domain.bills import BillType
from billpay.domain.routing import ProviderName
from billpay.domain.statuses import BillStatus
from billpay.sandbox.scripts import Says, Script, Truth
from starter.ordering import Typed

READ_TIMEOUT_SECONDS = 20
"""How long the demo waits for a silent provider; the service itself waits a minute."""

_S = BillStatus
_FLUTTERWAVE, _VTPASS = ProviderName.FLUTTERWAVE, ProviderName.VTPASS
_VERIFIED = (_S.CNGN_RECEIVED, _S.VERIFYING_ACCOUNT)
_BOUGHT = (*_VERIFIED, _S.PROCESSING_BILL)
_ACCEPTED = (*_BOUGHT, _S.PROVIDER_PROCESSING)
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

    scripts: Mapping[ProviderName, Script] = field(default_factory=dict)
    """How its account behaves at a provider, where its trigger's own behaviour there does not tell the story."""

    path: tuple[BillStatus, ...]
    """What it must pass through, in this order; the last one is its end."""

    bought_from: Sequence[ProviderName] = ()
    """Where its purchase is tried, in this order."""

    sent: int = 1
    """How often providers must hear its purchase."""

    asked: int = 0
    """How often providers must at least be asked what became of it."""

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
        path=(*_ACCEPTED, _S.COMPLETED),
        bought_from=(_FLUTTERWAVE,),
        asked=1,
    ),
    Story(
        title="Airtime",
        tells="delivered at once",
        bill_type=BillType.AIRTIME,
        biller="mtn",
        account="08012345678",
        amount="500",
        path=(*_BOUGHT, _S.COMPLETED),
        bought_from=(_VTPASS,),
    ),
    Story(
        title="Data bundle",
        tells="1 GB for 30 days, at the price on the provider's list",
        bill_type=BillType.DATA,
        biller="glo",
        account="07012345678",
        product="glo-dg-320",
        path=(*_BOUGHT, _S.COMPLETED),
        bought_from=(_VTPASS,),
    ),
    Story(
        title="TV renewal",
        tells="accepted first, certain later: asked after 10 s and 60 s",
        bill_type=BillType.CABLE_TV,
        biller="dstv",
        account="1234567890",
        amount="7400",
        path=(*_ACCEPTED, _S.COMPLETED),
        bought_from=(_FLUTTERWAVE,),
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
        scripts={
            _VTPASS: Script(pay=Says.TIMEOUT, delivers_after_seconds=READ_TIMEOUT_SECONDS + 40)
        },
        path=(*_ACCEPTED, _S.COMPLETED),
        bought_from=(_VTPASS,),
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
        bought_from=(_VTPASS,),
        sent=3,
        asked=2,
    ),
    Story(
        title="Second provider",
        tells="Flutterwave is in doubt, then proves that nothing was sold: only now VTPass sells",
        bill_type=BillType.ELECTRICITY,
        biller="ikedc",
        account="1111111111111",
        meter_type="prepaid",
        amount="2000",
        # HTTP 503 says nothing; still open at the first question, it has failed by the second.
        scripts={
            _FLUTTERWAVE: Script(pay=Says.UNEXPECTED, truth=Truth.FAILED, delivers_after_seconds=40)
        },
        path=(*_ACCEPTED, _S.PROVIDER_FAILED, *_BOUGHT[1:], _S.COMPLETED),
        bought_from=(_FLUTTERWAVE, _VTPASS),
        sent=2,
        asked=2,
    ),
)

"""What VTPass sells, and what it remembers of a request id."""

from datetime import datetime, timedelta

from billpay.domain.money import Kobo
from billpay.sandbox.deals import Deal, Purchase
from billpay.sandbox.scripts import Happened
from billpay.sandbox.vtpass_catalogue import SERVICES, Kind, Service


class VTPassPurchase(Purchase):
    """What a readable pay request asks for; its account is the phone for airtime, else `billersCode`."""

    quantity: int = 1

    @property
    def service(self) -> Service:
        """The service it is bought from."""
        return SERVICES[self.service_id]

    @property
    def is_prepaid(self) -> bool:
        """Whether it buys a token."""
        return self.service.kind is Kind.ELECTRICITY and self.variation == "prepaid"

    @property
    def commission(self) -> Kobo:
        """What VTPass leaves to the reseller."""
        return self.service.commission(self.amount)

    @property
    def total(self) -> Kobo:
        """What VTPass takes from the reseller's wallet (`total_amount`)."""
        return Kobo(self.amount + self.service.fee - self.commission)


class Sale(Deal):
    """Everything known of one request id."""

    purchase: VTPassPurchase | None = None

    @property
    def counts_as_purchase(self) -> bool:
        """Whether a look-alike shortly after it is suspicious."""
        return self.is_kept and self.happened is not Happened.REFUSED

    def shows_token(self, now: datetime) -> bool:
        """Whether the token has come through from the disco, or a lying answer would show one."""
        if self.settles_at is None:
            return False
        return (self.sold_at or self.settles_at) + timedelta(
            seconds=self.token_delay_seconds
        ) <= now

"""What Flutterwave sells, and what it remembers of a reference."""

from billpay.domain.money import Kobo
from billpay.domain.tokens import TOKEN_DIGITS, Token
from billpay.sandbox.deals import Deal, Purchase


class FlutterwavePurchase(Purchase):
    """What a readable payment asks for: a biller's code as service, an item's as variation."""

    item_name: str
    fee: Kobo
    is_prepaid: bool = False
    """Whether it buys a token."""

    @property
    def total(self) -> Kobo:
        """What is taken from our balance."""
        return Kobo(self.amount + self.fee)


class Bill(Deal):
    """Everything known of one reference."""

    purchase: FlutterwavePurchase | None = None

    @property
    def tx_ref(self) -> str:
        """Flutterwave's own name for it."""
        stamp = self.received_at.strftime("%Y%m%d%H%M%S") if self.received_at else ""
        return f"CF-FLYAPI-{stamp}{self.digits('tx', 6)}"

    @property
    def flw_ref(self) -> str:
        """The switch's name for it."""
        return f"BPUSSD{self.digits('flw', 20)}"

    @property
    def token(self) -> Token | None:
        """The token it buys, shown or not; Enugu's begin with a zero."""
        if self.purchase is None or not self.purchase.is_prepaid:
            return None
        zeros = "0" * self.purchase.item_name.startswith("ENUGU")
        return Token(zeros + self.digits("token", TOKEN_DIGITS - len(zeros)))

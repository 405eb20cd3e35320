"""What a customer is told to do with a new order: how much, where to, named in which of three ways, until when."""

import io
from dataclasses import dataclass
from typing import Any

import segno
from stellar_sdk import Asset, MuxedAccount, Network, TextMemo
from stellar_sdk.sep.stellar_uri import PayStellarUri

from billpay.domain.money import ledger_amount, naira_amount, spoken_cngn
from billpay.domain.orders import Order
from billpay.domain.summaries import bill_title
from billpay.settings import Settings
from starter.commands.titles import moment


def muxed_address(wallet: str, alias: int) -> str:
    """Write the address that is the wallet's and names an order at once: it needs no memo."""
    return MuxedAccount(wallet, alias).universal_account_id


@dataclass(frozen=True, kw_only=True)
class Instructions:
    """An order, and the wallet and asset it is to be paid with."""

    order: Order
    asset_code: str
    asset_issuer: str
    destination: str
    network_passphrase: str

    @classmethod
    def of(cls, order: Order, settings: Settings) -> "Instructions":
        """Put together what the settings know of the wallet."""
        return cls(
            order=order,
            asset_code=settings.cngn_asset_code,
            asset_issuer=settings.required("cngn_asset_issuer"),
            destination=settings.required("system_wallet_address"),
            network_passphrase=settings.required("stellar_network_passphrase"),
        )

    @property
    def amount(self) -> str:
        """What is due, as short as a wallet may show it."""
        return ledger_amount(self.order.due).rstrip("0").rstrip(".")

    @property
    def muxed_address(self) -> str:
        """The wallet's address for this order alone."""
        return muxed_address(self.destination, self.order.alias)

    @property
    def link(self) -> str:
        """Write the payment as a link that wallets open (SEP-7); the public network is what they assume."""
        public = Network.PUBLIC_NETWORK_PASSPHRASE
        other = None if self.network_passphrase == public else self.network_passphrase
        return PayStellarUri(
            destination=self.destination,
            amount=self.amount,
            asset=Asset(self.asset_code, self.asset_issuer),
            memo=TextMemo(self.order.memo),
            network_passphrase=other,
        ).to_uri()

    def document(self) -> dict[str, Any]:
        """Write it for programs; amounts are decimal text, times are ISO 8601."""
        order = self.order
        return {
            "transaction_id": str(order.transaction_id),
            "memo": order.memo,
            "memo_type": "text",
            # As text: numbers of 63 bits are more than many programs read exactly.
            "memo_id": str(order.alias),
            "muxed_address": self.muxed_address,
            "amount_due": self.amount,
            "asset_code": self.asset_code,
            "asset_issuer": self.asset_issuer,
            "destination": self.destination,
            "expires_at": order.expires_at.isoformat(),
            "payment_link": self.link,
            "bill_type": order.bill_type.value,
            "biller": order.biller,
            "product_code": order.product_code,
            "bill_amount_naira": naira_amount(order.bill_amount),
            "status": order.status.value,
        }

    def text(self) -> str:
        """Write it for a person."""
        lines = {
            "Order": str(self.order.transaction_id),
            "For": bill_title(self.order),
            "Send": spoken_cngn(self.order.due),
            "Asset": f"{self.asset_code}, issued by {self.asset_issuer}",
            "To": self.destination,
            "Memo": f"{self.order.memo}  (as text; without it the payment goes back)",
            "or": f"{self.order.alias}  (as memo id, where a wallet sends numbers only)",
            "or to": f"{self.muxed_address}  (without any memo)",
            "Before": moment(self.order.expires_at),
            "Link": self.link,
        }
        return "\n".join(f"{name:<8}{line}" for name, line in lines.items())

    def qr(self) -> str:
        """Draw the link for a phone's camera, in half blocks."""
        drawing = io.StringIO()
        segno.make(self.link, error="l").terminal(out=drawing, compact=True)
        return drawing.getvalue()

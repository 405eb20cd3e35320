"""The JSON of pay and requery, which tell the same sale in different types.

Requery writes numbers where pay writes text, rounds the commission, adds `extras`, and gives its date as an object
(vtpass.com/documentation/re-query-services; the samples there and on the product pages).
"""

import math
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from billpay.domain.ids import LAGOS
from billpay.domain.money import Kobo
from billpay.sandbox.scripts import Happened
from billpay.sandbox.vtpass_catalogue import TYPE_NAMES
from billpay.sandbox.vtpass_codes import Refusal
from billpay.sandbox.vtpass_receipts import receipt_fields
from billpay.sandbox.vtpass_sales import Sale, VTPassPurchase
from billpay.sandbox.wire import in_naira


class Status(StrEnum):
    """`content.transactions.status`."""

    DELIVERED = "delivered"
    PENDING = "pending"
    FAILED = "failed"
    REVERSED = "reversed"


_DESCRIPTIONS = {
    Status.DELIVERED: "TRANSACTION SUCCESSFUL",
    Status.PENDING: "TRANSACTION PROCESSING - PENDING",
    Status.FAILED: "TRANSACTION FAILED",
    Status.REVERSED: "TRANSACTION REVERSAL TO WALLET",
}
_CODES = {Status.FAILED: "016", Status.REVERSED: "040"}
"""Codes of what was not delivered; everything else is 000."""

_STATUSES = {
    Happened.SOLD: Status.DELIVERED,
    Happened.PENDING: Status.PENDING,
    Happened.FAILED: Status.FAILED,
}


def true_status(sale: Sale) -> Status:
    """Answer the status that tells the truth; a sale that was never made counts as failed."""
    if sale.reversed_at is not None:
        return Status.REVERSED
    return _STATUSES.get(sale.happened, Status.FAILED)


def refusal_answer(refusal: Refusal) -> dict[str, Any]:
    """Write a refusal."""
    return {
        "code": refusal.code,
        "content": {"errors": []},
        "response_description": refusal.meaning,
    }


def pay_answer(
    sale: Sale, purchase: VTPassPurchase, status: Status, now: datetime
) -> dict[str, Any]:
    """Write what pay says of a sale, which need not be true."""
    answer = _answer(sale, purchase, status, now)
    amount = in_naira(purchase.amount)
    unit_price = in_naira(Kobo(purchase.amount // purchase.quantity))
    answer["content"]["transactions"] |= {
        "unit_price": str(unit_price),
        "amount": str(amount),
        "method": "api",
    }
    moment = (sale.received_at or now).astimezone(UTC)
    answer["transaction_date"] = moment.strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    return answer


def requery_answer(sale: Sale, purchase: VTPassPurchase, now: datetime) -> dict[str, Any]:
    """Write what requery says of a sale, which is always true."""
    answer = _answer(sale, purchase, true_status(sale), now)
    transaction = answer["content"]["transactions"]
    transaction |= {
        "unit_price": in_naira(Kobo(purchase.amount // purchase.quantity)),
        "amount": in_naira(purchase.amount),
        "commission": round(transaction["commission"]),
        "method": "wallet",
        "extras": answer["purchased_code"] or None,
        "product_id": int(sale.digits("product", 3)),
    }
    moment = (sale.received_at or now).astimezone(LAGOS)
    answer["transaction_date"] = {
        "date": moment.strftime("%Y-%m-%d %H:%M:%S.000000"),
        "timezone_type": 3,
        "timezone": "Africa/Lagos",
    }
    return answer


def _answer(sale: Sale, purchase: VTPassPurchase, status: Status, now: datetime) -> dict[str, Any]:
    is_delivered = status is Status.DELIVERED
    receipt = (
        receipt_fields(sale, with_token=sale.shows_token(now))
        if is_delivered
        else {"purchased_code": ""}
    )
    return {
        "code": _CODES.get(status, "000"),
        "content": {"transactions": _transaction(sale, purchase, status)},
        "response_description": _DESCRIPTIONS[status],
        "requestId": sale.request_id,
        "amount": in_naira(purchase.amount),
        "transaction_date": None,
        **receipt,
    }


def _transaction(sale: Sale, purchase: VTPassPurchase, status: Status) -> dict[str, Any]:
    service = purchase.service
    commission = _noisy(in_naira(purchase.commission))
    fee = in_naira(service.fee)
    received_seconds = sale.received_at.timestamp() if sale.received_at else 0
    return {
        "status": status,
        "product_name": service.name,
        "unique_element": purchase.account,
        "quantity": purchase.quantity,
        "service_verification": None,
        "channel": "api",
        "commission": commission,
        "total_amount": in_naira(purchase.amount) + fee - commission,
        "discount": None,
        "type": TYPE_NAMES[service.kind],
        # The reseller's own, never the customer's.
        "email": "sandbox@sandbox.vtpass.com",
        "phone": "123450987623",
        "name": None,
        "convinience_fee": fee,
        "platform": "api",
        "transactionId": f"{int(received_seconds * 1000)}{sale.digits('transaction', 13)}",
        "commission_details": {
            "amount": commission,
            "rate": service.commission_rate,
            "rate_type": "percent",
            "computation_type": "default",
        },
    }


def _noisy(amount: float) -> int | float:
    """Add the rounding noise of VTPass's own float arithmetic, as seen live: 0.7 is 0.7000000000000001."""
    return amount if isinstance(amount, int) else math.nextafter(amount, math.inf)

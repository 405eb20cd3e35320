"""What we send to VTPass, product by product (vtpass.com/documentation, product pages).

Where a plan or package has a price, no amount goes with it: VTPass credits exactly the amount it is sent, so a
price that changed a moment ago would leave the subscription short.
"""

from billpay.domain.bills import BillType
from billpay.failures import Misconfigured
from billpay.providers.base import Purchase
from billpay.providers.documents import JsonScalar, naira_number
from billpay.providers.vtpass_catalogue import OPEN_AMOUNT_CODES, RENEWABLE, SHOWMAX, service_id

Body = dict[str, JsonScalar]


def verify_body(purchase: Purchase) -> Body:
    """Write the question after an account."""
    body: Body = {
        "billersCode": purchase.account_number,
        "serviceID": service_id(purchase.bill_type, purchase.biller),
    }
    if purchase.bill_type is BillType.ELECTRICITY:
        body["type"] = _meter_type(purchase)
    return body


def pay_body(purchase: Purchase, request_id: str) -> Body:
    """Write the purchase as its service wants it."""
    body: Body = {
        "request_id": request_id,
        "serviceID": service_id(purchase.bill_type, purchase.biller),
    }
    if purchase.bill_type is BillType.AIRTIME:
        # The phone is the number that gets the airtime.
        return body | {
            "amount": naira_number(purchase.amount),
            "phone": purchase.account_number,
        }
    return body | {"billersCode": purchase.account_number} | _terms(purchase)


def _terms(purchase: Purchase) -> Body:
    """Say what is bought for the account, at which price, and whom to call."""
    product: Body = {"variation_code": purchase.product_code or ""}
    amount: Body = {"amount": naira_number(purchase.amount)}
    phone: Body = {"phone": purchase.contact_phone or purchase.account_number}
    if purchase.bill_type is BillType.ELECTRICITY:
        return {"variation_code": _meter_type(purchase)} | amount | phone
    if purchase.is_renewal:
        return {"subscription_type": "renew"} | amount | phone
    if purchase.biller in RENEWABLE:
        return product | {"subscription_type": "change"} | phone
    if purchase.biller == SHOWMAX:
        return product
    if purchase.product_code in OPEN_AMOUNT_CODES:
        return product | amount | phone
    return product | phone


def _meter_type(purchase: Purchase) -> str:
    if purchase.meter_type is None:
        raise Misconfigured("an electricity purchase names no meter type")
    return purchase.meter_type.value

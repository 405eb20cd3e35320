"""The JSON of Flutterwave's lists, payments, statuses and validations, field for field.

Sources: developer.flutterwave.com/docs/bill-payments and the reference pages beside it. A payment echoes its amount as
a number, a status as text with four decimals; "status": "success" around either says nothing of the bill.
"""

from datetime import datetime
from typing import Any

from billpay.domain.money import naira_amount
from billpay.domain.tokens import Token, spoken_token
from billpay.sandbox.flutterwave_bills import Bill, FlutterwavePurchase
from billpay.sandbox.flutterwave_catalogue import CATEGORIES, Biller, Item, Kind
from billpay.sandbox.flutterwave_words import Refusal
from billpay.sandbox.scripts import Happened, Script, Verify
from billpay.sandbox.wire import in_naira

HOLDERS = {"0025401100": "Test DSTV Account", "1234567890": "AMAKA OBI"}
_STATUSES = {
    Happened.PENDING: "pending",
    Happened.SOLD: "successful",
    Happened.FAILED: "failed",
}
_KOBO_PER_UNIT = 6_800


def success(message: str, data: object) -> dict[str, Any]:
    """Wrap an answer in the envelope, which claims success whatever is inside."""
    return {"status": "success", "message": message, "data": data}


def refusal_answer(refusal: Refusal) -> dict[str, Any]:
    """Write a refusal."""
    return {"status": "error", "message": refusal.message, "data": None}


def category_rows() -> list[dict[str, Any]]:
    """Write the categories."""
    return [
        {"id": number, "name": name, "code": code, "description": name, "country_code": "NG"}
        for number, (code, name) in enumerate(CATEGORIES.items(), start=1)
    ]


def biller_row(number: int, biller: Biller) -> dict[str, Any]:
    """Write one biller of a category."""
    return {
        "id": number,
        "name": biller.name,
        "logo": None,
        "description": biller.name,
        "short_name": biller.name,
        "biller_code": biller.code,
        "country_code": "NG",
    }


def item_row(number: int, biller: Biller, item: Item) -> dict[str, Any]:
    """Write one item of a biller; its amount is zero where the customer chooses one."""
    return {
        "id": number,
        "biller_code": biller.code,
        "name": item.name,
        "default_commission": 0.3,
        "date_added": "2020-02-11T11:09:48.087Z",
        "country": "NG",
        "is_airtime": biller.kind is Kind.AIRTIME,
        "biller_name": "AIRTIME" if biller.kind is Kind.AIRTIME else item.name,
        "item_code": item.code,
        "short_name": item.name,
        "fee": in_naira(item.fee),
        "commission_on_fee": True,
        "reg_expression": "^[0-9]+$",
        "label_name": biller.label,
        "amount": in_naira(item.price),
        "is_resolvable": biller.kind not in (Kind.AIRTIME, Kind.DATA),
        "group_name": biller.name,
        "category_name": CATEGORIES[biller.kind],
        "is_data": biller.kind is Kind.DATA or None,
        "default_commission_on_amount": None,
    }


def validation_data(biller: Biller, item: Item, account: str, script: Script) -> dict[str, Any]:
    """Write what the biller says of an account.

    Raises:
        Refusal: it does not know the account, or cannot be asked.
    """
    if script.verify is Verify.UNAVAILABLE:
        raise Refusal("gave up")
    if script.verify is Verify.WRONG:
        raise Refusal("customer")
    is_ok = script.verify is Verify.OK
    return {
        "response_code": "00" if is_ok else "06",
        "address": "12 ABULE EGBA LAGOS" if biller.kind is Kind.UTILITY else None,
        "response_message": "Successful" if is_ok else "Customer cannot be served",
        "name": HOLDERS.get(account, "TEST CUSTOMER"),
        "biller_code": biller.code,
        "customer": account,
        "product_code": item.code,
        "email": None,
        "fee": in_naira(item.fee),
        "maximum": in_naira(item.maximum),
        "minimum": in_naira(max(item.minimum, script.least_kobo)),
    }


def payment_data(bill: Bill, purchase: FlutterwavePurchase, now: datetime) -> dict[str, Any]:
    """Write the answer to an accepted payment; `reference` is the switch's, not the merchant's."""
    token = bill.token if bill.shows_token(now) else None
    return {
        "phone_number": purchase.account,
        "amount": in_naira(purchase.amount),
        "network": purchase.item_name,
        "code": "200",
        "tx_ref": bill.tx_ref,
        "reference": bill.digits("switch", 12),
        "batch_reference": None,
        "recharge_token": token,
        "fee": in_naira(purchase.fee),
    }


def status_data(
    bill: Bill, purchase: FlutterwavePurchase, now: datetime, *, is_verbose: bool
) -> dict[str, Any]:
    """Write what became of a bill, truly; without `verbose` the one thing that matters is missing."""
    data = {
        "currency": "NGN",
        "customer_id": purchase.account,
        "frequency": "One Time",
        "amount": f"{naira_amount(purchase.amount)}00",
        "fee": in_naira(purchase.fee),
        "product": purchase.item_name,
        "product_name": None,
        "commission": 0,
        "transaction_date": bill.received_at.isoformat() if bill.received_at else None,
        "customer_reference": bill.request_id,
        "country": "NG",
        "flw_ref": bill.flw_ref,
        "tx_ref": bill.tx_ref,
        "batch_id": int(bill.digits("batch", 7)),
        "extra": _extra(bill, purchase, now),
        "product_details": f"FLY-API-NG-{purchase.item_name}",
    }
    if not is_verbose:
        return data
    status = "reversed" if bill.reversed_at else _STATUSES[bill.happened]
    return data | {"status": status, "code": "200" if status == "successful" else None}


def _extra(bill: Bill, purchase: FlutterwavePurchase, now: datetime) -> str | dict[str, str] | None:
    """Write the token as this disco hands it over: an object, groups of four, or text around it."""
    token = bill.token
    if token is None or not bill.shows_token(now):
        return None
    units = f"{purchase.amount / _KOBO_PER_UNIT:.1f}"
    shapes: dict[str, str | dict[str, str]] = {
        "IKEDC": {"token": spoken_token(token), "units": units},
        "IBADAN": _spaced(token),
        "JOS": f"Token: {spoken_token(token)}, Units: {units} kWh",
    }
    return shapes.get(purchase.item_name.split()[0], token)


def _spaced(token: Token) -> str:
    return spoken_token(token).replace("-", " ")

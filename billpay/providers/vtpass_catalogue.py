"""What VTPass sells and under which names: services, plans and packages, and the accounts that only its sandbox has.

Sources: the product pages under vtpass.com/documentation, and `service-variations` for whatever has a price.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from billpay.domain.accounts import AccountRefused, ProductNotSold
from billpay.domain.bills import BillerCode, BillType, Product, biller_name
from billpay.domain.money import spoken_naira
from billpay.domain.phones import canonical_phone
from billpay.failures import Misconfigured, Unavailable
from billpay.providers.base import Purchase
from billpay.providers.documents import at, kobo_at, text_at
from billpay.providers.http import Reply, host_of
from billpay.providers.vtpass_codes import blames_us, list_code_in, meaning_of

_DISCOS = {
    "ekedc": "eko-electric",
    "ikedc": "ikeja-electric",
    "aedc": "abuja-electric",
    "kedco": "kano-electric",
    "phed": "portharcourt-electric",
    "jed": "jos-electric",
    "kaedco": "kaduna-electric",
    "ibedc": "ibadan-electric",
    "eedc": "enugu-electric",
    "bedc": "benin-electric",
    "yedc": "yola-electric",
    "abedc": "aba-electric",
}
_TELCOS = {"mtn": "mtn", "airtel": "airtel", "glo": "glo", "9mobile": "etisalat"}
_TV = ("dstv", "gotv", "startimes", "showmax")

SERVICES: Mapping[tuple[BillType, str], str] = {
    **{(BillType.ELECTRICITY, ours): theirs for ours, theirs in _DISCOS.items()},
    **{(BillType.AIRTIME, ours): theirs for ours, theirs in _TELCOS.items()},
    **{(BillType.DATA, ours): f"{theirs}-data" for ours, theirs in _TELCOS.items()},
    **{(BillType.CABLE_TV, name): name for name in _TV},
}
"""VTPass's serviceID for each bill type and biller of ours."""

SHOWMAX = BillerCode("showmax")
RENEWABLE = frozenset({"dstv", "gotv"})
"""TV billers that renew a running bouquet; the others sell packages only."""

OPEN_AMOUNT_CODES = frozenset({"ewallet"})
"""Packages without a price (StarTimes wallet): the customer chooses the amount, so it must be sent."""

TRIGGER_ACCOUNTS = frozenset(
    {
        "08011111111",
        "1212121212",
        "1111111111111",
        "1010101010101",
        "201000000000",
        "300000000000",
        "400000000000",
        "500000000000",
    }
)
"""Accounts by which VTPass's sandbox chooses an outcome; nobody owns them."""

_SANDBOX_PHONE = re.compile(r"[0-9]{12}")
"""A sandbox takes triggers of this length where a phone is expected."""

_VTPASS_DOMAIN = "vtpass.com"
_SANDBOX_HOST = "sandbox.vtpass.com"


def service_id(bill_type: BillType, biller: BillerCode) -> str:
    """Name a biller's service.

    Raises:
        Misconfigured: VTPass sells no such thing, so nobody should have been sent here.
    """
    found = SERVICES.get((bill_type, biller))
    if found is None:
        raise Misconfigured(f"VTPass sells no {bill_type} of {biller}")
    return found


def is_live_address(base_url: str) -> bool:
    """Whether real money is spent there: every host of VTPass's own but its sandbox."""
    host = host_of(base_url)
    theirs = host == _VTPASS_DOMAIN or host.endswith(f".{_VTPASS_DOMAIN}")
    return theirs and host != _SANDBOX_HOST


def is_paid_by_phone(purchase: Purchase) -> bool:
    """Whether the account is a phone, which no verification of VTPass's covers."""
    return purchase.bill_type in (BillType.AIRTIME, BillType.DATA) or purchase.biller == SHOWMAX


def refusal_before_asking(
    purchase: Purchase, *, is_live: bool
) -> AccountRefused | ProductNotSold | None:
    """Say why an order is refused without a word to VTPass; None where it is not."""
    account = purchase.account_number
    if is_live and account in TRIGGER_ACCOUNTS:
        return AccountRefused(reason="This account number exists for tests only")
    is_phone = canonical_phone(account) or (not is_live and _SANDBOX_PHONE.fullmatch(account))
    if is_paid_by_phone(purchase) and not is_phone:
        return AccountRefused(reason="This is no valid Nigerian phone number")
    if purchase.bill_type is BillType.DATA and purchase.product_code is None:
        return AccountRefused(reason="No plan was chosen")
    if purchase.is_renewal and purchase.biller not in RENEWABLE:
        name = biller_name(purchase.biller)
        return ProductNotSold(reason=f"{name} is sold by package only; choose one")
    return None


def read_products(reply: Reply) -> Sequence[Product]:
    """Read `service-variations`, whose list is spelled `variations` or, in older answers, `varations`.

    A code that is listed with two prices is left out: which of them would be charged is anybody's guess.

    Raises:
        Unavailable: there is no list, or nothing on it can be read.
        Misconfigured: our keys or the service were refused.
    """
    code = list_code_in(reply.document)
    if code is not None and blames_us(code):
        raise Misconfigured(f"VTPass refused to list products: {meaning_of(code).words} ({code})")
    content = at(reply.document, "content")
    rows = at(content, "variations") or at(content, "varations")
    listed: dict[str, list[Product]] = defaultdict(list)
    for row in rows if isinstance(rows, list) else []:
        product = _read_product(row)
        if product is not None:
            listed[product.code].append(product)
    if not listed:
        raise Unavailable(f"VTPass listed no products (code {code})")
    return [same[0] for same in listed.values() if len({product.price for product in same}) == 1]


def _read_product(row: object) -> Product | None:
    code, price = text_at(row, "variation_code"), kobo_at(row, "variation_amount")
    if code is None or price is None or price < 0:
        return None
    return Product(code=code, name=text_at(row, "name") or code, price=price or None)


def price_refusal(
    purchase: Purchase, products: Sequence[Product]
) -> AccountRefused | ProductNotSold | None:
    """Say why a plan or package cannot be had for this amount; None where it can."""
    product = next((one for one in products if one.code == purchase.product_code), None)
    if product is None:
        # The code may be another provider's, who sells it.
        return ProductNotSold(reason="This plan or package is not on sale at the moment")
    if product.price is not None and product.price != purchase.amount:
        reason = f"{product.name} now costs {spoken_naira(product.price)}"
        return AccountRefused(reason=reason, price=product.price)
    return None

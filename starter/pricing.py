"""What a plan, a package or a renewal costs: the provider that will sell it is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from billpay.domain.accounts import AccountOk, AccountRefused
from billpay.domain.bills import BillerCode, BillType, Product, biller_name
from billpay.domain.money import Kobo, spoken_naira
from billpay.domain.products import content_of, name_without_price
from billpay.domain.routing import PREFERENCE, ProviderName
from billpay.failures import Failure, Invalid, Misconfigured, Unavailable
from billpay.providers.base import Provider, Purchase
from billpay.store.orders import NewOrder

PRICED = frozenset({BillType.DATA, BillType.CABLE_TV})
"""Bill types with a menu."""


class UnknownProduct(Invalid):
    """There is no such product; `menu` has what there is, one line each."""

    def __init__(self, detail: str, menu: Sequence[str]) -> None:
        super().__init__(detail)
        self.menu = tuple(menu)


async def priced(order: NewOrder, providers: Mapping[ProviderName, Provider]) -> NewOrder:
    """Put the price into an order; a product's code is its provider's own, so the order then names the provider.

    Where the customer names no provider, the next one is asked when one has no such product or gives no answer.

    Raises:
        Invalid: there is no such product, or the account cannot be renewed as it is wished.
        Misconfigured: nobody here sells it.
        Unavailable: the provider could not be asked.
    """
    first: Failure | None = None
    for provider in _sellers(order, providers):
        try:
            return await _priced_by(provider, order)
        except (UnknownProduct, Unavailable) as failure:
            first = first or failure
    named = f" called {order.provider}" if order.provider else ""
    raise first or Misconfigured(
        f"no provider{named} with keys here sells {biller_name(order.biller)}"
    )


def _sellers(order: NewOrder, providers: Mapping[ProviderName, Provider]) -> Sequence[Provider]:
    wanted = PREFERENCE[order.bill_type] if order.provider is None else (order.provider,)
    present = [providers[name] for name in wanted if name in providers]
    return [provider for provider in present if provider.sells(order.bill_type, order.biller)]


async def _priced_by(provider: Provider, order: NewOrder) -> NewOrder:
    if order.product_code is None:
        amount = await _renewal_price(order, provider)
        return replace(order, bill_amount=amount, provider=provider.name)
    menu = await provider.products(order.bill_type, order.biller)
    product = _chosen(menu, order.product_code, order.biller)
    amount = order.bill_amount if product.price is None else product.price
    if not amount:
        raise Invalid(f"{product.name} has no price of its own: name an amount with --amount")
    return replace(
        order,
        product_code=product.code,
        product_name=product.name,
        bill_amount=amount,
        provider=provider.name,
    )


async def _renewal_price(order: NewOrder, provider: Provider) -> Kobo:
    """Ask what renewing the running package costs; a wish for another amount is refused by whoever renews."""
    verdict = await provider.verify_account(
        Purchase(
            bill_type=order.bill_type,
            biller=order.biller,
            account_number=order.account_number,
            meter_type=None,
            product_code=None,
            amount=order.bill_amount,
            contact_phone=order.contact_phone or "",
        )
    )
    if isinstance(verdict, AccountRefused):
        if verdict.price and not order.bill_amount:
            return verdict.price
        raise Invalid(f"{verdict.reason} (--amount pays a renewal, --package another package)")
    if not isinstance(verdict, AccountOk):
        # Says nothing of the account: the next provider may renew it.
        raise UnknownProduct(verdict.reason, menu=())
    amount = order.bill_amount or verdict.renewal_amount
    if not amount:
        # Who takes any amount does not know it; the next provider may.
        raise UnknownProduct(
            f"{provider.name} knows no price of the renewal: name an amount or a package", menu=()
        )
    return amount


def _chosen(menu: Sequence[Product], wanted: str, biller: BillerCode) -> Product:
    """Find a product by its code, by its name in any case, or by what only its name says: `compact`, `1GB`."""
    text = wanted.strip().casefold()
    for product in menu:
        names = (product.code, product.name, name_without_price(product.name))
        if text in map(str.casefold, names):
            return product
    says = content_of(biller, wanted)
    alike = [one for one in menu if content_of(biller, one.name).may_be(says)]
    if says.words and len(alike) == 1:
        return alike[0]
    menu_lines = [f"  {product.code}  {product.name}  {_price(product)}" for product in menu]
    raise UnknownProduct(f"{biller_name(biller)} sells no {wanted!r}; there is", menu_lines)


def _price(product: Product) -> str:
    return "any amount" if product.price is None else spoken_naira(product.price)

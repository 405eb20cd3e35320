"""What a plan, a package or a renewal costs: the provider that will sell it is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from billpay.domain.accounts import AccountRefused
from billpay.domain.bills import BillType, Product, biller_name
from billpay.domain.money import Kobo, spoken_naira
from billpay.domain.routing import PREFERENCE, ProviderName
from billpay.failures import Invalid, Misconfigured
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

    Raises:
        Invalid: there is no such product, or the account cannot be renewed as it is wished.
        Misconfigured: nobody here sells it.
        Unavailable: the provider could not be asked.
    """
    provider = _seller(order, providers)
    if order.product_code is None:
        amount = await _renewal_price(order, provider)
        return replace(order, bill_amount=amount, provider=provider.name)
    menu = await provider.products(order.bill_type, order.biller)
    product = _chosen(menu, order.product_code, biller_name(order.biller))
    amount = order.bill_amount if product.price is None else product.price
    if not amount:
        raise Invalid(f"{product.name} has no price of its own: name an amount with --amount")
    return replace(order, product_code=product.code, bill_amount=amount, provider=provider.name)


def _seller(order: NewOrder, providers: Mapping[ProviderName, Provider]) -> Provider:
    wanted = PREFERENCE[order.bill_type] if order.provider is None else (order.provider,)
    for name in wanted:
        provider = providers.get(name)
        if provider is not None and provider.sells(order.bill_type, order.biller):
            return provider
    raise Misconfigured(
        f"{biller_name(order.biller)} is sold by none of {', '.join(wanted)}, or their keys are not set"
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
        raise Invalid(f"{verdict.reason} (--amount pays a renewal, --package another package)")
    amount = order.bill_amount or verdict.renewal_amount
    if not amount:
        raise Invalid("the renewal has no known price: name an amount or a package")
    return amount


def _chosen(menu: Sequence[Product], wanted: str, biller: str) -> Product:
    """Find a product by its code or its whole name, in any case."""
    text = wanted.strip().casefold()
    for product in menu:
        if text in (product.code.casefold(), product.name.casefold()):
            return product
    menu_lines = [f"  {product.code}  {product.name}  {_price(product)}" for product in menu]
    raise UnknownProduct(f"{biller} sells no {wanted!r}; there is", menu_lines)


def _price(product: Product) -> str:
    return "any amount" if product.price is None else spoken_naira(product.price)

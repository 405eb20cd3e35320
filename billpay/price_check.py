"""Asking a provider for exactly what was ordered: its own code for the product, and the price it had then.

A price that changed since the order is never paid silently: by policy a lower one is paid and the rest goes back, and
everything else is refused with both prices.
"""

from dataclasses import replace

from billpay.domain.accounts import AccountOk, AccountRefused, AccountVerdict
from billpay.domain.money import Kobo, spoken_naira
from billpay.domain.orders import Order
from billpay.domain.prices import PriceChange, is_paid, spoken_change
from billpay.domain.products import name_without_price
from billpay.domain.routing import ProviderName
from billpay.providers.base import Provider, Purchase
from billpay.store import Store


async def purchase_at(provider: ProviderName, order: Order, store: Store) -> Purchase:
    """Describe what an order wants bought, its product in the provider's own code."""
    purchase = Purchase.of(order)
    if order.product_code is None:
        return purchase
    return replace(purchase, product_code=await store.catalogue.code_at(provider, order))


class PriceCheck:
    """Verifies accounts, and what an order costs now against what it cost when ordered."""

    def __init__(self, store: Store, policy: PriceChange = PriceChange.REFUND) -> None:
        self._store = store
        self._policy = policy

    async def verify_account(self, provider: Provider, order: Order) -> AccountVerdict:
        """Ask a provider about an order's account and product; a yes is for the price the order then has.

        Safe to repeat: it asks, and sets the price that it was told.

        Raises:
            Unavailable, Misconfigured: as for every question.
        """
        purchase = await purchase_at(provider.name, order, self._store)
        verdict = await self._ask(provider, purchase, order.ordered_amount)
        price, ordered = _only_price(verdict), order.ordered_amount
        if price is not None and is_paid(ordered, price, self._policy):
            verdict = await self._ask(provider, purchase, price)
            ordered = price
        if isinstance(verdict, AccountOk):
            await self._set_price(order, ordered, provider.name)
            return verdict
        price = _only_price(verdict)
        if price is None:
            return verdict
        return AccountRefused(reason=_spoken(order, price), price=price)

    async def _ask(self, provider: Provider, purchase: Purchase, amount: Kobo) -> AccountVerdict:
        return await provider.verify_account(replace(purchase, amount=amount))

    async def _set_price(self, order: Order, price: Kobo, provider: ProviderName) -> None:
        """Note the price the order is bought at, unless it is the one it had."""
        if price == order.bill_amount:
            return
        told = f"{provider} takes {spoken_naira(price)}, as ordered"
        if price < order.ordered_amount:
            told = f"{_spoken(order, price)}: {provider} is paid that, and the rest goes back"
        await self._store.orders.reprice(order.transaction_id, price, provider, detail=told)


def _only_price(verdict: AccountVerdict) -> Kobo | None:
    return verdict.price if isinstance(verdict, AccountRefused) else None


def _spoken(order: Order, now: Kobo) -> str:
    name = order.product_name or order.product_code
    what = name_without_price(name) if name else "The renewal"
    return spoken_change(what, order.ordered_amount, now)

"""The catalogue: what providers listed when they were last asked, and every change of it that was ever seen."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from billpay.domain.bills import BillerCode, BillType, Product
from billpay.domain.catalogue import Change, Known, PriceList, Seen, changes
from billpay.domain.money import Kobo
from billpay.domain.orders import Order
from billpay.domain.products import counterpart
from billpay.domain.routing import ProviderName
from billpay.store.catalogue_tables import PriceListRow, ProductHistoryRow, ProductRow
from billpay.store.columns import storable
from billpay.store.database import Database


@dataclass(frozen=True, kw_only=True)
class ListKey:
    """Names one biller's list at one provider."""

    provider: ProviderName
    bill_type: BillType
    biller: BillerCode

    def words(self) -> dict[str, Any]:
        """Write the key as the tables have it."""
        return {"provider": self.provider, "bill_type": self.bill_type, "biller": self.biller}


@dataclass(frozen=True, kw_only=True)
class PastProduct:
    """One line of a product's history."""

    seen: Seen
    product: Product
    """As it was from then on."""

    seen_at: datetime


class CatalogueStore:
    """What can be bought, from whom and at what price."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, key: ListKey, listed: Sequence[Product], *, is_sold: bool) -> int:
        """Keep a list as it was just read, with every change since the last time; answers how many there were.

        Safe to repeat, also by two at once: they take turns, and the second finds nothing new.
        """
        async with self._database.transaction() as session:
            row = await _locked(session, key)
            row.is_sold, row.read_at, row.failure = is_sold, self._database.clock(), None
            known = {one.code: one for one in await _products(session, **key.words())}
            products = [replace(p, code=storable(p.code), name=storable(p.name)) for p in listed]
            found = list(changes([_known(one) for one in known.values()], products))
            for change in found:
                self._apply(session, key, change, known.get(change.product.code))
            return len(found)

    async def fail(self, key: ListKey, failure: str) -> None:
        """Note why a list could not be read; what was read before stays as it is."""
        async with self._database.transaction() as session:
            (await _locked(session, key)).failure = failure

    async def lists(
        self,
        *,
        bill_type: BillType | None = None,
        biller: BillerCode | None = None,
        provider: ProviderName | None = None,
    ) -> Sequence[PriceList]:
        """Read every list that is known, or those of a bill type, biller or provider, cheapest products first."""
        wanted = {"bill_type": bill_type, "biller": biller, "provider": provider}
        given = {name: value for name, value in wanted.items() if value is not None}
        async with self._database.snapshot() as session:
            place = (
                col(PriceListRow.bill_type),
                col(PriceListRow.biller),
                col(PriceListRow.provider),
            )
            rows = select(PriceListRow).filter_by(**given).order_by(*place)
            found = (await session.execute(rows)).scalars().all()
            products: dict[tuple[str, str, str], list[Product]] = {}
            for one in await _products(session, **given):
                if one.withdrawn_at is None:
                    products.setdefault(_list_of(one), []).append(_product(one))
            return [_price_list(row, products.get(_list_of(row), [])) for row in found]

    async def history(self, key: ListKey, code: str) -> Sequence[PastProduct]:
        """Read everything that was ever seen of one product, oldest first."""
        async with self._database.transaction() as session:
            wanted = (
                select(ProductHistoryRow)
                .filter_by(**key.words(), code=code)
                .order_by(col(ProductHistoryRow.id))
            )
            return [
                PastProduct(seen=Seen(row.seen), product=_product(row), seen_at=row.seen_at)
                for row in (await session.execute(wanted)).scalars()
            ]

    async def code_at(self, provider: ProviderName, order: Order) -> str | None:
        """Name the order's product in a provider's own code; None where it has no product.

        Where nothing on the provider's list is surely the same, the order's code stays: it may be newer than the list.
        """
        code = order.product_code
        if code is None:
            return None
        async with self._database.transaction() as session:
            rows = await _products(session, bill_type=order.bill_type, biller=order.biller)
        own = [row for row in rows if row.provider == provider]
        if code in {row.code for row in own}:
            return code
        names = {row.code: row.name for row in rows}
        name = order.product_name or names.get(code, code)
        wanted = Product(code=code, name=name, price=order.ordered_amount)
        on_sale = [_product(row) for row in own if row.withdrawn_at is None]
        found = counterpart(order.biller, wanted, on_sale)
        return found.code if found else code

    def _apply(
        self, session: AsyncSession, key: ListKey, change: Change, row: ProductRow | None
    ) -> None:
        """Bring a product's row to what was seen, and tell it in its history."""
        now, product = self._database.clock(), change.product
        row = row or ProductRow(**key.words(), code=product.code, listed_at=now)
        row.name, row.price_kobo = product.name, product.price
        row.withdrawn_at = now if change.seen is Seen.WITHDRAWN else None
        session.add(row)
        session.add(
            ProductHistoryRow(
                **key.words(),
                code=product.code,
                seen=change.seen,
                name=product.name,
                price_kobo=product.price,
                seen_at=now,
            )
        )


async def _locked(session: AsyncSession, key: ListKey) -> PriceListRow:
    """Lock a list's row, made if need be, so that two who read the same list take turns."""
    values = key.words() | {"is_sold": True}
    await session.execute(insert(PriceListRow).values(**values).on_conflict_do_nothing())
    wanted = select(PriceListRow).filter_by(**key.words()).with_for_update()
    return (await session.execute(wanted)).scalar_one()


async def _products(session: AsyncSession, **about: str) -> Sequence[ProductRow]:
    """Read products, withdrawn ones too: cheapest first, open amounts last."""
    wanted = (
        select(ProductRow)
        .filter_by(**about)
        .order_by(col(ProductRow.price_kobo).asc().nulls_last(), col(ProductRow.code))
    )
    return (await session.execute(wanted)).scalars().all()


def _list_of(row: PriceListRow | ProductRow) -> tuple[str, str, str]:
    return row.provider, row.bill_type, row.biller


def _product(row: ProductRow | ProductHistoryRow) -> Product:
    price = None if row.price_kobo is None else Kobo(row.price_kobo)
    return Product(code=row.code, name=row.name, price=price)


def _known(row: ProductRow) -> Known:
    return Known(_product(row), is_withdrawn=row.withdrawn_at is not None)


def _price_list(row: PriceListRow, products: Sequence[Product]) -> PriceList:
    return PriceList(
        provider=ProviderName(row.provider),
        bill_type=BillType(row.bill_type),
        biller=BillerCode(row.biller),
        is_sold=row.is_sold,
        products=products,
        read_at=row.read_at,
        failure=row.failure,
    )

"""Flutterwave's codes, discovered once for all workers, and what operators say of them.

Its codes differ between accounts and are matched by name; a name that fits nothing, or more than one thing, is an
operator's to resolve. What they say wins over every discovery and survives it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from billpay.domain.bills import BillerCode, BillType
from billpay.domain.money import Kobo
from billpay.providers.flutterwave_catalogue import Item, Listing
from billpay.store.catalogue_tables import FlutterwaveListingRow, FlutterwaveOverrideRow
from billpay.store.database import Database

_ITEMS: TypeAdapter[Any] = TypeAdapter(tuple[Item, ...])


@dataclass(frozen=True, kw_only=True)
class Override:
    """An operator's word on what is behind a code, with their reason; kept until it is taken back."""

    bill_type: BillType
    biller: BillerCode
    stands_for: str
    """`prepaid`, `postpaid`, `open amount` or a product code of an order."""

    biller_code: str
    item_code: str
    actor: str
    reason: str


@dataclass(frozen=True)
class StandingOverride:
    """An override that is in force."""

    override: Override
    set_at: datetime


class FlutterwaveCodes:
    """Keeps what was discovered, and answers it as operators have it (`flutterwave_catalogue.Catalogue`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, bill_type: BillType, biller: BillerCode) -> Listing | None:
        """Answer what was kept last, whatever its age; None too where a later version has kept it."""
        async with self._database.transaction() as session:
            row = await session.get(FlutterwaveListingRow, (bill_type, biller))
            items = _read_items(row) if row else None
            if row is None or items is None:
                return None
            overrides = await _overrides(session, bill_type=bill_type, biller=biller)
            return Listing(items=as_operators_say(items, overrides), read_at=row.read_at)

    async def keep(self, bill_type: BillType, biller: BillerCode, listing: Listing) -> Listing:
        """Keep a new listing, and answer it as operators have it. Of two at once the later one stays."""
        values = {
            "items": {"items": _ITEMS.dump_python(listing.items, mode="json")},
            "read_at": listing.read_at,
        }
        async with self._database.transaction() as session:
            await session.execute(
                insert(FlutterwaveListingRow)
                .values(bill_type=bill_type, biller=biller, **values)
                .on_conflict_do_update(index_elements=["bill_type", "biller"], set_=values)
            )
            overrides = await _overrides(session, bill_type=bill_type, biller=biller)
        return replace(listing, items=as_operators_say(listing.items, overrides))

    async def forget(self, bill_type: BillType, biller: BillerCode) -> None:
        """Have the listing found anew; what operators said stays."""
        async with self._database.transaction() as session:
            await session.execute(
                delete(FlutterwaveListingRow)
                .where(col(FlutterwaveListingRow.bill_type) == bill_type)
                .where(col(FlutterwaveListingRow.biller) == biller)
            )

    async def override(self, override: Override) -> None:
        """Let a code stand for something; what stood for it before gives way."""
        values = vars(override) | {"set_at": self._database.clock()}
        async with self._database.transaction() as session:
            await session.execute(
                insert(FlutterwaveOverrideRow)
                .values(**values)
                .on_conflict_do_update(
                    index_elements=["bill_type", "biller", "stands_for"], set_=values
                )
            )

    async def take_back(self, bill_type: BillType, biller: BillerCode, stands_for: str) -> None:
        """Let names decide again.

        Raises:
            LookupError: no operator has said anything of it.
        """
        async with self._database.transaction() as session:
            row = await session.get(FlutterwaveOverrideRow, (bill_type, biller, stands_for))
            if row is None:
                raise LookupError(f"nothing overrides {bill_type} of {biller}: {stands_for}")
            await session.delete(row)

    async def overrides(self) -> Sequence[StandingOverride]:
        """List every override that is in force."""
        async with self._database.transaction() as session:
            return [
                StandingOverride(_read_override(row), row.set_at)
                for row in await _overrides(session)
            ]


class AskedAfresh:
    """The same codes for whoever refreshes them: nothing is known before it is asked for, and all of it is kept."""

    def __init__(self, codes: FlutterwaveCodes) -> None:
        self._codes = codes

    async def find(self, bill_type: BillType, biller: BillerCode) -> None:
        """Know nothing."""
        del bill_type, biller

    async def keep(self, bill_type: BillType, biller: BillerCode, listing: Listing) -> Listing:
        """Keep a new listing for everybody, and answer it as operators have it."""
        return await self._codes.keep(bill_type, biller, listing)

    async def forget(self, bill_type: BillType, biller: BillerCode) -> None:
        """Have the listing found anew."""
        await self._codes.forget(bill_type, biller)


def as_operators_say(
    items: Iterable[Item], overrides: Sequence[FlutterwaveOverrideRow]
) -> tuple[Item, ...]:
    """Mark what operators speak of, and add what Flutterwave does not list.

    An open amount that an operator speaks of stands for what they say and for nothing else; what has a price is still
    known by its own code as well. An unlisted item has no price of its own, and Flutterwave itself refuses a wrong
    amount.
    """
    said: dict[str, list[FlutterwaveOverrideRow]] = {}
    for row in overrides:
        said.setdefault(f"{row.biller_code} {row.item_code}", []).append(row)
    merged: list[Item] = []
    for item in items:
        rows = said.pop(f"{item.biller_code} {item.item_code}", [])
        merged += [replace(item, stands_for=row.stands_for) for row in rows]
        merged += [item] if not rows or item.price is not None else []
    merged += [_unlisted(row) for rows in said.values() for row in rows]
    return tuple(merged)


def _unlisted(row: FlutterwaveOverrideRow) -> Item:
    return Item(
        biller_code=row.biller_code,
        item_code=row.item_code,
        name=row.stands_for,
        price=None,
        fee=Kobo(0),
        can_be_validated=True,
        stands_for=row.stands_for,
    )


def _read_items(row: FlutterwaveListingRow) -> tuple[Item, ...] | None:
    try:
        items: tuple[Item, ...] = _ITEMS.validate_python(row.items.get("items"))
    except ValidationError:
        return None
    return items


async def _overrides(session: AsyncSession, **about: str) -> Sequence[FlutterwaveOverrideRow]:
    age = col(FlutterwaveOverrideRow.set_at), col(FlutterwaveOverrideRow.stands_for)
    wanted = select(FlutterwaveOverrideRow).filter_by(**about).order_by(*age)
    return (await session.execute(wanted)).scalars().all()


def _read_override(row: FlutterwaveOverrideRow) -> Override:
    return Override(
        bill_type=BillType(row.bill_type),
        biller=BillerCode(row.biller),
        stands_for=row.stands_for,
        biller_code=row.biller_code,
        item_code=row.item_code,
        actor=row.actor,
        reason=row.reason,
    )

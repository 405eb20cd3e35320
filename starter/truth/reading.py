"""Reading both sides: the sandbox over HTTP, our records through the store."""

from collections.abc import Sequence
from typing import Any

import httpx
from pydantic import TypeAdapter
from stellar_sdk import StrKey

from billpay.domain.deposits import Disposition
from billpay.domain.money import Kobo, Stroops
from billpay.domain.orders import read_order
from billpay.domain.outcomes import Receipt
from billpay.domain.refunds import Refund
from billpay.domain.routing import ProviderName
from billpay.domain.summaries import bill_title
from billpay.domain.tokens import Token
from billpay.failures import Invalid, Unavailable
from billpay.sandbox import identities
from billpay.store import Store
from billpay.store.payments import PaymentRecord
from starter.truth.books import Movement, OrderRecord, Records, RefundRecord, Sale, Told, World

_TIMEOUT_SECONDS = 30
_TYPE_PADDING = 3
"""A balance's id begins with its type in four bytes, of which an address keeps the last (SEP-23)."""
_SELLERS = (ProviderName.FLUTTERWAVE, ProviderName.VTPASS)
"""The sandbox's shops, whose hidden truth is told under their names."""

_SALES = TypeAdapter(list[Sale])
_MOVEMENTS = TypeAdapter(list[Movement])
_TOLD = TypeAdapter(list[Told])


def sandbox_at(url: str) -> httpx.AsyncClient:
    """Get ready to ask a sandbox."""
    return httpx.AsyncClient(base_url=url, timeout=_TIMEOUT_SECONDS)


async def read_world(sandbox: httpx.AsyncClient) -> World:
    """Ask the sandbox what really happened.

    Raises:
        Unavailable: it gave no usable answer.
    """
    ledger = await _ask(sandbox, "/world/truth/ledger")
    treasury = identities.treasury().public_key
    sales = [await _ask(sandbox, f"/world/truth/{name}") for name in _SELLERS]
    claimants = {_address(row): row["claimants"][0] for row in ledger["claimable_balances"]}
    payments = [row | {"to": claimants.get(row["to"], row["to"])} for row in ledger["payments"]]
    return World(
        treasury=treasury,
        asset=(identities.ASSET_CODE, identities.issuer().public_key),
        balance=Stroops(ledger["balances"][treasury]),
        sales=_SALES.validate_python([row for rows in sales for row in rows]),
        movements=_MOVEMENTS.validate_python(payments),
        told=await read_phone(sandbox),
    )


def _address(balance: dict[str, Any]) -> str:
    """Write a claimable balance as a payment names it: what is paid into it is whoever's it is for."""
    return StrKey.encode_claimable_balance(bytes.fromhex(balance["balance_id"])[_TYPE_PADDING:])


async def read_phone(sandbox: httpx.AsyncClient) -> Sequence[Told]:
    """Read every message that came to the customers' phone, in the order of arrival.

    Raises:
        Unavailable: the sandbox gave no usable answer.
    """
    return _TOLD.validate_python(await _ask(sandbox, "/phone/messages"))


async def _ask(sandbox: httpx.AsyncClient, path: str) -> Any:
    try:
        reply = await sandbox.get(path)
        reply.raise_for_status()
    except httpx.HTTPError as lost:
        raise Unavailable(f"the sandbox does not tell {path}: {lost}") from lost
    return reply.json()


async def read_records(store: Store) -> Records:
    """Read everything that our records say.

    Raises:
        Unavailable: the database gave no answer.
    """
    known = [await store.payments.record(name) for name in await store.payments.transaction_ids()]
    strays = await store.payments.stray_deposits()
    deposits = {
        deposit.credit.operation_id: deposit
        for deposit in [*(found for record in known for found in record.deposits), *strays]
    }
    refunds = {refund.refund_id: refund for record in known for refund in record.refunds}
    # Dust that is kept has no refund, and there may be thousands of it.
    for stray in (one for one in strays if one.disposition is not Disposition.KEPT):
        of_stray = await store.payments.record_of_deposit(stray.credit.operation_id)
        refunds |= {refund.refund_id: refund for refund in of_stray.refunds}
    return Records(
        orders=[order_record(record) for record in known],
        deposits=list(deposits.values()),
        refunds=[await _refund_record(store, refund) for refund in refunds.values()],
    )


def order_record(record: PaymentRecord) -> OrderRecord:
    """Pick out of an order's records what can be compared; an order that cannot be served may have cost nothing."""
    row = record.order
    try:
        order = read_order(row)
    except Invalid as invalid:
        account, due, bill_amount = row.account_number, row.due, Kobo(0)
        title = invalid.customer
    else:
        # As they are now: where a price fell since the order, less is due and the rest goes back.
        account, due, bill_amount = order.account_number, order.due, order.bill_amount
        title = bill_title(order)
    return OrderRecord(
        transaction_id=row.transaction_id,
        title=title,
        account_number=account,
        due=due,
        bill_amount=bill_amount,
        status=row.status,
        request_ids=frozenset(attempt.request_id for attempt in record.attempts),
        tokens=_tokens(record.receipt),
    )


def _tokens(receipt: Receipt | None) -> tuple[Token, ...]:
    if receipt is None:
        return ()
    tokens = (receipt.token, receipt.bonus_token, *receipt.key_change_tokens)
    return tuple(token for token in tokens if token is not None)


async def _refund_record(store: Store, refund: Refund) -> RefundRecord:
    applied = await store.refunds.applied(refund.refund_id)
    # The ledger knows a payment that was outbid for by the hash of what is wrapped around it.
    paid_in = (applied.applied_hash or applied.transaction_hash) if applied else None
    return RefundRecord(refund=refund, paid_in=paid_in)

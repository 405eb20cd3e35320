"""Horizon over HTTP, to be mounted under /horizon: what a bill payment service asks it, in its wire format.

Failures come as problem documents (`horizon_problems`), and as whatever `ledger_faults` lists when told to.
"""

import json
import re
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.routing import APIRoute
from stellar_sdk import StrKey

from billpay.sandbox.horizon_async import hand_in
from billpay.sandbox.horizon_claimables import BALANCE_ID, claimable_json
from billpay.sandbox.horizon_pages import page_json, read_query
from billpay.sandbox.horizon_problems import (
    Problem,
    invalid_field,
    not_found,
    rate_limited,
    stale_history,
    unsupported_media_type,
)
from billpay.sandbox.horizon_records import payment_json, transaction_json
from billpay.sandbox.horizon_resources import (
    account_json,
    fee_stats_json,
    ledger_json,
    root_json,
)
from billpay.sandbox.horizon_server import PageQuery, Server
from billpay.sandbox.horizon_submission import Submissions
from billpay.sandbox.ledger import Ledger
from billpay.sandbox.ledger_faults import (
    ACCOUNTS_FAULTS,
    PAYMENTS_FAULTS,
    READS_FAULTS,
    ROOT_FAULTS,
    TRANSACTIONS_FAULTS,
    Fault,
    Place,
    Switchboard,
)
from billpay.sandbox.wire import HangUp, is_stopping

PREFIX = "/horizon"
_FORM = "application/x-www-form-urlencoded"
_HASH = re.compile(r"[0-9a-f]{64}")
_MAINTENANCE_PAGE = (
    "<html><head><title>Maintenance</title></head><body>We will be back soon.</body></html>"
)
_GATEWAY_PAGE = (
    "<html><head><title>504 Gateway Time-out</title></head><body>504 Gateway Time-out</body></html>"
)


class _Hal(JSONResponse):
    """A resource, as Horizon labels it."""

    media_type = "application/hal+json; charset=utf-8"


def _route_class(switchboard: Switchboard) -> type[APIRoute]:
    """Make routes that answer every problem as a document, and reads as the switch for all of them says."""

    class ProblemRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def handle_with_problems(request: Request) -> Response:
                if request.method == "GET" and switchboard.meet(READS_FAULTS):
                    return HTMLResponse(_GATEWAY_PAGE, 504)
                try:
                    answer = await handle(request)
                    return answer if switchboard.faults.muxed_fields else _without_muxed(answer)
                except Problem as problem:
                    return problem.response()
                except ConnectionResetError:
                    return HangUp(reset=True)

            return handle_with_problems

    return ProblemRoute


def horizon_router(ledger: Ledger, switchboard: Switchboard) -> APIRouter:
    """Speak Horizon's API for this ledger."""
    router = APIRouter(prefix=PREFIX, route_class=_route_class(switchboard), tags=["horizon"])
    server = Server(ledger, switchboard)
    _add_root(router, server, switchboard)
    _add_ledgers(router, server)
    _add_accounts(router, server, switchboard)
    _add_claimables(router, server)
    _add_transactions(router, server, switchboard)
    _add_submissions(router, Submissions(ledger, server, switchboard))
    _add_asynchronous(router, ledger, switchboard)

    @router.get("/{path:path}")
    async def anything_else(path: str) -> Response:
        del path
        raise not_found()

    return router


def _met(switchboard: Switchboard, place: Place) -> tuple[Fault | None, Response | None]:
    """Answer the fault that a read meets, and what is answered in its place, if anything is."""
    fault = switchboard.meet(place)
    if fault is None:
        return None, None
    if fault.endswith("_429"):
        raise rate_limited(switchboard.faults.retry_after_seconds)
    if fault.endswith("_503"):
        raise stale_history()
    return fault, HTMLResponse(_MAINTENANCE_PAGE) if fault.endswith("_html") else None


def _base(request: Request) -> str:
    """Answer the address that links begin with."""
    return f"{str(request.base_url).rstrip('/')}{PREFIX}"


def _add_root(router: APIRouter, server: Server, switchboard: Switchboard) -> None:
    @router.get("")
    @router.get("/")
    async def root(request: Request) -> Response:
        _, instead = _met(switchboard, ROOT_FAULTS)
        if instead is not None:
            return instead
        newest = server.newest_ledger()
        document = root_json(
            _base(request),
            newest=newest,
            elder=server.elder_ledger(),
            core=server.core_ledger(),
            close_time=server.close_time(newest),
        )
        return _Hal(document)

    @router.get("/fee_stats")
    async def fee_stats() -> Response:
        return _Hal(fee_stats_json(server.newest_ledger(), server.price()))


def _add_ledgers(router: APIRouter, server: Server) -> None:
    @router.get("/ledgers")
    async def ledgers(request: Request) -> Response:
        asked = dict(request.query_params)
        query = read_query(asked, server.newest_ledger())
        base = _base(request)
        records = [_ledger(server, number, base) for number in _numbers(server, query)]
        return _Hal(page_json(f"{base}/ledgers", asked, query, records))

    @router.get("/ledgers/{number}")
    async def one_ledger(request: Request, number: int) -> Response:
        if not server.elder_ledger() <= number <= server.newest_ledger():
            raise not_found()
        return _Hal(_ledger(server, number, _base(request)))


def _ledger(server: Server, number: int, base: str) -> dict[str, Any]:
    return ledger_json(number, server.close_time(number), server.transactions_of(number), base)


def _numbers(server: Server, query: PageQuery) -> range:
    """Number the ledgers of a page; a ledger's place in history is its number and 32 zero bits."""
    elder, newest = server.elder_ledger(), server.newest_ledger()
    if query.is_descending:
        last = newest if query.cursor is None else min(newest, (query.cursor - 1) >> 32)
        return range(last, max(last - query.limit, elder - 1), -1)
    first = elder if query.cursor is None else max(elder, (query.cursor >> 32) + 1)
    return range(first, min(first + query.limit, newest + 1))


def _add_accounts(router: APIRouter, server: Server, switchboard: Switchboard) -> None:
    @router.get("/accounts/{address}")
    async def account(request: Request, address: str) -> Response:
        _, instead = _met(switchboard, ACCOUNTS_FAULTS)
        if instead is not None:
            return instead
        found = server.account(_checked(address))
        if found is None:
            raise not_found()
        modified_at = server.close_time(found.last_modified_ledger)
        headers = {"Latest-Ledger": str(server.newest_ledger())}
        return _Hal(account_json(found, _base(request), modified_at), headers=headers)

    @router.get("/accounts/{address}/payments")
    async def payments(request: Request, address: str) -> Response:
        fault, instead = _met(switchboard, PAYMENTS_FAULTS)
        if instead is not None:
            return instead
        asked, base = dict(request.query_params), _base(request)
        query = read_query(asked, server.newest_ledger())
        is_repeated = fault is Fault.PAYMENTS_REPEATED
        found = server.payments(_checked(address), query, repeated=is_repeated)
        records = [payment_json(one, base, joined=query.is_joined) for one in found]
        page = page_json(f"{base}/accounts/{address}/payments", asked, query, records)
        return _truncated(page) if fault is Fault.PAYMENTS_TRUNCATED else _Hal(page)


def _checked(address: str) -> str:
    if not StrKey.is_valid_ed25519_public_key(address):
        raise invalid_field("account_id", "invalid address")
    return address


def _without_muxed(answer: Response) -> Response:
    """Leave every field of a muxed account out of a resource, as servers did before there were any."""
    if not isinstance(answer, _Hal):
        return answer
    headers = {name: value for name, value in answer.headers.items() if name == "latest-ledger"}
    kept = json.loads(bytes(answer.body), object_hook=_plain_fields)
    return _Hal(kept, answer.status_code, headers)


def _plain_fields(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if "muxed" not in name}


def _truncated(document: dict[str, Any]) -> Response:
    whole = json.dumps(document)
    return Response(whole[: len(whole) // 2], media_type=_Hal.media_type)


def _add_claimables(router: APIRouter, server: Server) -> None:
    @router.get("/claimable_balances/{balance_id}")
    async def claimable(request: Request, balance_id: str) -> Response:
        if not BALANCE_ID.fullmatch(balance_id):
            raise invalid_field("id", f"{balance_id} does not validate as claimableBalanceID")
        found = server.claimable(balance_id)
        if found is None:
            raise not_found()
        modified_at = server.close_time(found.last_modified_ledger)
        headers = {"Latest-Ledger": str(server.newest_ledger())}
        return _Hal(claimable_json(found, _base(request), modified_at), headers=headers)


def _add_transactions(router: APIRouter, server: Server, switchboard: Switchboard) -> None:
    @router.get("/transactions/{transaction_hash}")
    async def transaction(request: Request, transaction_hash: str) -> Response:
        _, instead = _met(switchboard, TRANSACTIONS_FAULTS)
        if instead is not None:
            return instead
        if not _HASH.fullmatch(transaction_hash):
            raise invalid_field("tx_id", "invalid hash format")
        record = server.transaction(transaction_hash)
        if record is None:
            raise not_found()
        return _Hal(transaction_json(record, _base(request), transaction_hash))


def _add_submissions(router: APIRouter, submissions: Submissions) -> None:
    @router.post("/transactions")
    async def submit(request: Request) -> Response:
        text = await _posted(request)
        record = await submissions.submit(text, lambda: is_stopping(request.receive))
        return _Hal(transaction_json(record, _base(request)))


def _add_asynchronous(router: APIRouter, ledger: Ledger, switchboard: Switchboard) -> None:
    @router.post("/transactions_async")
    async def submit_only(request: Request) -> Response:
        if not switchboard.faults.asynchronous:
            raise not_found()
        status, document = hand_in(ledger, switchboard, await _posted(request))
        return _Hal(document, status)


async def _posted(request: Request) -> str:
    """Read the envelope from a form."""
    content_type = request.headers.get("content-type", _FORM)
    if content_type.partition(";")[0].strip().lower() != _FORM:
        raise unsupported_media_type()
    form = parse_qs((await request.body()).decode("utf-8", "replace"))
    return form.get("tx", [""])[0]

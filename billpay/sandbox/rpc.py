"""Stellar RPC over HTTP, at /rpc: JSON-RPC 2.0 over the same ledger as Horizon's; its switches are under /world.

Failures are answers with an error in them and HTTP's 200 (`rpc_words`), and whatever `rpc_faults` lists when told to.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from billpay.sandbox.journal import Journal
from billpay.sandbox.ledger import Ledger
from billpay.sandbox.rpc_faults import RpcFault, RpcSwitchboard, rpc_world_router
from billpay.sandbox.rpc_methods import Answer, RpcMethods
from billpay.sandbox.rpc_server import RpcServer
from billpay.sandbox.rpc_words import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    Params,
    RpcProblem,
)
from billpay.sandbox.wire import HangUp, cut_in_half

PATH = "/rpc"
_PAGE = "<html><head><title>Maintenance</title></head><body>We will be back soon.</body></html>"
_UNDECODABLE = base64.b64encode(bytes([0, 0, 0, 99])).decode()
"""An envelope of a kind that is still to be invented."""


def rpc_router(ledger: Ledger, journal: Journal) -> APIRouter:
    """Speak RPC for this ledger, and turn the switches of it."""
    switchboard = RpcSwitchboard(journal)
    router = APIRouter(tags=["rpc"])
    router.include_router(rpc_world_router(switchboard), prefix="/world")
    desk = _Desk(RpcMethods(ledger, RpcServer(ledger, switchboard)), switchboard)

    @router.post(PATH)
    async def call(request: Request) -> Response:
        return desk.answer(await request.body())

    return router


class _Desk:
    """Takes calls, meets the faults that are switched on, and answers."""

    def __init__(self, methods: RpcMethods, switchboard: RpcSwitchboard) -> None:
        self._methods = methods
        self._switchboard = switchboard

    def answer(self, body: bytes) -> Response:
        """Answer one call."""
        asked, problem = _read(body)
        if problem is not None:
            return JSONResponse(_error(None, problem))
        method, number = asked["method"], asked.get("id")
        fault = self._switchboard.meet(method)
        silence = self._silence(fault)
        if silence is not None:
            return silence
        try:
            document = {"jsonrpc": "2.0", "id": number, "result": self._result(asked, fault)}
        except RpcProblem as said:
            document = _error(number, said)
        return self._sent(document, fault)

    def _silence(self, fault: RpcFault | None) -> Response | None:
        """Answer without having done anything, where the fault is of that kind."""
        if fault is RpcFault.RPC_429:
            wait = str(self._switchboard.faults.retry_after_seconds)
            return Response(status_code=429, headers={"Retry-After": wait})
        if fault is RpcFault.RPC_503:
            return Response(status_code=503)
        return HTMLResponse(_PAGE) if fault is RpcFault.RPC_HTML else None

    def _result(self, asked: Mapping[str, Any], fault: RpcFault | None) -> Answer:
        method, params = asked["method"], _params(asked)
        do = self._methods.by_name.get(method)
        if do is None:
            raise RpcProblem(METHOD_NOT_FOUND, "method not found", method)
        if fault is RpcFault.RPC_INTERNAL:
            raise RpcProblem(INTERNAL_ERROR, "unable to get ledger range: database is locked")
        if fault is RpcFault.SEND_DROPPED:
            return self._methods.drop_transaction(params)
        result = do(params)
        if fault is RpcFault.RPC_UNDECODABLE and "envelopeXdr" in result:
            return result | {"envelopeXdr": _UNDECODABLE}
        return result

    def _sent(self, document: Mapping[str, Any], fault: RpcFault | None) -> Response:
        """Send the answer, or what becomes of it on the way."""
        if fault in (RpcFault.RPC_504, RpcFault.SEND_504):
            return Response(status_code=504)
        if fault is RpcFault.SEND_RESET:
            return HangUp(reset=True)
        if fault is RpcFault.RPC_TRUNCATED:
            return cut_in_half(document)
        return JSONResponse(document)


def _read(body: bytes) -> tuple[Mapping[str, Any], RpcProblem | None]:
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        return {}, RpcProblem(PARSE_ERROR, "invalid JSON")
    is_call = isinstance(asked, dict) and asked.get("jsonrpc") == "2.0"
    if not is_call or not isinstance(asked.get("method"), str):
        return {}, RpcProblem(INVALID_REQUEST, "invalid request")
    return asked, None


def _params(asked: Mapping[str, Any]) -> Params:
    """Read the parameters, which have names."""
    params = asked.get("params") or {}
    if not isinstance(params, dict):
        raise RpcProblem(INVALID_PARAMS, "invalid parameters")
    return params


def _error(number: Any, problem: RpcProblem) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "error": problem.document}

"""How the RPC server fails when told to, apart from Horizon; what the ledger does is never touched by it.

    fault            what the client gets                       what really happens
    rpc_429          429 with Retry-After                       nothing
    rpc_503          503 without a body                         nothing
    rpc_504          504 without a body                         what was asked for, submissions included
    rpc_html         200 with an HTML page                      nothing
    rpc_truncated    200 with the first half of the JSON        what was asked for
    rpc_internal     200 with JSON-RPC's internal error         nothing
    rpc_undecodable  `getTransaction` with an envelope that     what was asked for
                     no XDR of today describes
    send_dropped     `sendTransaction` says PENDING             never in any ledger
    send_504         504 without a body                         taken for the next ledger
    send_reset       a TCP reset                                taken for the next ledger

Each is set for a number of calls of the methods it is for: all of them, or those named in `methods`. More switches stay
until turned:

    lag_ledgers       nothing newer than so many ledgers back
    rewind_to_ledger  nothing newer than this ledger, as long as it is set: reads go back
    oldest_ledger     nothing older than this ledger; whoever asks for it is told so, unlike at Horizon
    unified_events    whether payments are told as events: core must be told to do so, and an old one cannot
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from billpay.sandbox.journal import Journal
from billpay.sandbox.ledger_history import LAG_LEDGERS_MAX

JOURNAL_KIND = "rpc faults"
SEND = "sendTransaction"
READ_ONE = "getTransaction"


class RpcFault(StrEnum):
    """One way to fail; the table above tells."""

    RPC_429 = "rpc_429"
    RPC_503 = "rpc_503"
    RPC_504 = "rpc_504"
    RPC_HTML = "rpc_html"
    RPC_TRUNCATED = "rpc_truncated"
    RPC_INTERNAL = "rpc_internal"
    RPC_UNDECODABLE = "rpc_undecodable"
    SEND_DROPPED = "send_dropped"
    SEND_504 = "send_504"
    SEND_RESET = "send_reset"


_OF_ONE_METHOD = {
    RpcFault.RPC_UNDECODABLE: READ_ONE,
    RpcFault.SEND_DROPPED: SEND,
    RpcFault.SEND_504: SEND,
    RpcFault.SEND_RESET: SEND,
}


class RpcFaults(BaseModel):
    """All switches; what a turn does not name stays as it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    calls: Mapping[RpcFault, Annotated[int, Field(ge=0)]] = {}
    """How many of the next calls each fault meets."""

    methods: Sequence[str] = ()
    """The methods whose calls count; none names all."""

    retry_after_seconds: Annotated[int, Field(ge=0)] = 1
    """What `rpc_429` asks for."""

    lag_ledgers: Annotated[int, Field(ge=0, le=LAG_LEDGERS_MAX)] = 0
    rewind_to_ledger: Annotated[int, Field(ge=1)] | None = None
    oldest_ledger: Annotated[int, Field(ge=1)] = 1
    unified_events: bool = True


class RpcSwitchboard:
    """The switches as they stand."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.faults = RpcFaults()
        for record in journal.replay(JOURNAL_KIND):
            self.faults = RpcFaults.model_validate(record)

    def turn(self, faults: RpcFaults) -> RpcFaults:
        """Set what is named, and answer how all switches stand."""
        named = faults.model_dump(exclude_unset=True)
        named["calls"] = {**self.faults.calls, **faults.calls}
        self._set(self.faults.model_copy(update=named))
        return self.faults

    def meet(self, method: str) -> RpcFault | None:
        """Answer the fault that this call meets, which is one call less for it."""
        calls = self.faults.calls
        met = next((fault for fault in RpcFault if self._is_for(fault, method)), None)
        if met is not None:
            fewer = {**calls, met: calls[met] - 1}
            self._set(self.faults.model_copy(update={"calls": fewer}))
        return met

    def _is_for(self, fault: RpcFault, method: str) -> bool:
        if not self.faults.calls.get(fault):
            return False
        if fault in _OF_ONE_METHOD:
            return _OF_ONE_METHOD[fault] == method
        return not self.faults.methods or method in self.faults.methods

    def _set(self, faults: RpcFaults) -> None:
        self._journal.append(JOURNAL_KIND, faults.model_dump(mode="json"))
        self.faults = faults


def rpc_world_router(switchboard: RpcSwitchboard) -> APIRouter:
    """Turn the RPC server's switches."""
    router = APIRouter(tags=["world"])

    @router.post("/rpc/faults")
    async def set_faults(faults: RpcFaults) -> dict[str, Any]:
        return switchboard.turn(faults).model_dump(mode="json")

    return router

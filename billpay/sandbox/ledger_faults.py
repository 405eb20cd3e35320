"""How Horizon fails when told to; what the ledger does is never touched by it.

    fault                   where                     what the client gets                  what really happens
    submit_504              POST /transactions        504 with the hash, at once            applied in the next ledger
    submit_504_applied      POST /transactions        504 with the hash                     applied before the answer
    submit_504_dropped      POST /transactions        504 with the hash, at once            never in any ledger
    submit_reset            POST /transactions        a TCP reset                           applied before it
    async_504               POST /transactions_async  504, which tells nothing              applied in the next ledger
    async_504_dropped       POST /transactions_async  504, which tells nothing              never in any ledger
    async_reset             POST /transactions_async  a TCP reset                           applied in the next ledger
    async_reset_dropped     POST /transactions_async  a TCP reset                           never in any ledger
    async_pending_dropped   POST /transactions_async  201 PENDING                           never in any ledger
    payments_429            /payments                 429 with Retry-After                  nothing
    payments_503            /payments                 503, stale history                    nothing
    payments_html           /payments                 200 with an HTML page                 nothing
    payments_truncated      /payments                 200 with the first half of the JSON   nothing
    payments_repeated       /payments                 the page begins with up to three      nothing
                                                      records of the page before
    accounts_429            /accounts/{id}            429 with Retry-After                  nothing
    accounts_html           /accounts/{id}            200 with an HTML page                 nothing
    transactions_429        GET /transactions/{hash}  429 with Retry-After                  nothing
    transactions_html       GET /transactions/{hash}  200 with an HTML page                 nothing
    root_429                /                         429 with Retry-After                  nothing
    root_html               /                         200 with an HTML page                 nothing
    reads_504               every GET                 504 of a gateway, in HTML             nothing

Each is set for a number of calls; a call meets the first of its place that is set. More switches stay until turned:

    lag_ledgers             everywhere           nothing newer than so many ledgers back; POST waits to see its own
    rewind_to_ledger        everywhere           nothing newer than this ledger, as long as it is set: reads go back
    elder_ledger            everywhere           nothing older than this ledger; a cursor before it moves up silently
    asynchronous            /transactions_async  off: 404, as a fork that never had it
    muxed_fields            everywhere           off: no id of a muxed account is told, as a fork that knows none
    base_fee_stroops        the network          what an operation costs; lower bids are refused, or wait in vain

A 504 that takes its 30 seconds needs no switch: post a second transaction of an account that has one waiting.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from billpay.sandbox.journal import Journal
from billpay.sandbox.ledger_entries import BASE_FEE
from billpay.sandbox.ledger_history import LAG_LEDGERS_MAX

JOURNAL_KIND = "ledger faults"


class Fault(StrEnum):
    """One way to fail; the table above tells."""

    SUBMIT_504 = "submit_504"
    SUBMIT_504_APPLIED = "submit_504_applied"
    SUBMIT_504_DROPPED = "submit_504_dropped"
    SUBMIT_RESET = "submit_reset"
    ASYNC_504 = "async_504"
    ASYNC_504_DROPPED = "async_504_dropped"
    ASYNC_RESET = "async_reset"
    ASYNC_RESET_DROPPED = "async_reset_dropped"
    ASYNC_PENDING_DROPPED = "async_pending_dropped"
    PAYMENTS_429 = "payments_429"
    PAYMENTS_503 = "payments_503"
    PAYMENTS_HTML = "payments_html"
    PAYMENTS_TRUNCATED = "payments_truncated"
    PAYMENTS_REPEATED = "payments_repeated"
    ACCOUNTS_429 = "accounts_429"
    ACCOUNTS_HTML = "accounts_html"
    TRANSACTIONS_429 = "transactions_429"
    TRANSACTIONS_HTML = "transactions_html"
    ROOT_429 = "root_429"
    ROOT_HTML = "root_html"
    READS_504 = "reads_504"


Place = tuple[Fault, ...]


def _place(name: str) -> Place:
    return tuple(fault for fault in Fault if fault.startswith(f"{name}_"))


SUBMIT_FAULTS = _place("submit")
ASYNC_FAULTS = _place("async")
PAYMENTS_FAULTS = _place("payments")
ACCOUNTS_FAULTS = _place("accounts")
TRANSACTIONS_FAULTS = _place("transactions")
ROOT_FAULTS = _place("root")
READS_FAULTS = _place("reads")


class Faults(BaseModel):
    """All switches; what a turn does not name stays as it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    calls: Mapping[Fault, Annotated[int, Field(ge=0)]] = {}
    """How many of the next calls each fault meets."""

    retry_after_seconds: Annotated[int, Field(ge=0)] = 1
    """What each 429 asks for."""

    lag_ledgers: Annotated[int, Field(ge=0, le=LAG_LEDGERS_MAX)] = 0
    rewind_to_ledger: Annotated[int, Field(ge=1)] | None = None
    elder_ledger: Annotated[int, Field(ge=1)] = 1
    asynchronous: bool = True
    muxed_fields: bool = True
    base_fee_stroops: Annotated[int, Field(ge=BASE_FEE, le=2**31)] = BASE_FEE


class Switchboard:
    """The switches as they stand."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.faults = Faults()
        for record in journal.replay(JOURNAL_KIND):
            self.faults = Faults.model_validate(record)

    def turn(self, faults: Faults) -> Faults:
        """Set what is named, and answer how all switches stand."""
        named = faults.model_dump(exclude_unset=True)
        named["calls"] = {**self.faults.calls, **faults.calls}
        self._set(self.faults.model_copy(update=named))
        return self.faults

    def meet(self, place: Place) -> Fault | None:
        """Answer the fault that this call meets, which is one call less for it."""
        calls = self.faults.calls
        met = next((fault for fault in place if calls.get(fault)), None)
        if met is not None:
            fewer = {**calls, met: calls[met] - 1}
            self._set(self.faults.model_copy(update={"calls": fewer}))
        return met

    def _set(self, faults: Faults) -> None:
        self._journal.append(JOURNAL_KIND, faults.model_dump(mode="json"))
        self.faults = faults

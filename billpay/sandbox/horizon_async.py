"""What Horizon does with an envelope that is posted and not waited for: it relays what core says, and knows no more.

PENDING means that one node has taken it, not that it will be in a ledger. Nothing is looked up first, so an envelope
that was applied long ago is refused for its sequence number or its age (stellar/stellar-horizon, internal/actions).
"""

from typing import Any

from billpay.sandbox.horizon_problems import gateway_timeout, malformed
from billpay.sandbox.ledger import Ledger
from billpay.sandbox.ledger_codes import TransactionOutcome
from billpay.sandbox.ledger_envelopes import Undecodable, read_envelope
from billpay.sandbox.ledger_faults import ASYNC_FAULTS, Fault, Switchboard
from billpay.sandbox.ledger_queue import Queued

_STATUSES = {Queued.PENDING: 201, Queued.DUPLICATE: 409, Queued.TRY_AGAIN_LATER: 503}
_DROPPED = (Fault.ASYNC_504_DROPPED, Fault.ASYNC_RESET_DROPPED, Fault.ASYNC_PENDING_DROPPED)
_RESET = (Fault.ASYNC_RESET, Fault.ASYNC_RESET_DROPPED)
_TIMED_OUT = (Fault.ASYNC_504, Fault.ASYNC_504_DROPPED)


def hand_in(ledger: Ledger, switchboard: Switchboard, text: str) -> tuple[int, dict[str, Any]]:
    """Give an envelope to core; answers the HTTP status and the document that say what core said.

    Raises:
        Problem: it is no envelope, or the switch that says nothing.
        ConnectionResetError: the switch that is no answer at all.
    """
    try:
        envelope = read_envelope(text)
    except Undecodable:
        raise malformed(text) from None
    fault = switchboard.meet(ASYNC_FAULTS)
    said = Queued.PENDING if fault in _DROPPED else ledger.accept(envelope)
    if fault in _RESET:
        raise ConnectionResetError
    if fault in _TIMED_OUT:
        raise gateway_timeout()
    if isinstance(said, TransactionOutcome):
        told = {"error_result_xdr": said.to_xdr(envelope), "tx_status": "ERROR"}
        return 400, {**told, "hash": envelope.transaction_hash}
    return _STATUSES[said], {"tx_status": said.name, "hash": envelope.transaction_hash}

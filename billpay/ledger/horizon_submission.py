"""The two doors of a Horizon for envelopes: its node's queue where that is offered, else it waits itself."""

from collections.abc import Sequence

from billpay.failures import Ambiguous, Unavailable
from billpay.ledger.base import AppliedTransaction
from billpay.ledger.horizon_http import HorizonHttp, Reply, is_refusal
from billpay.ledger.horizon_records import read_meant_transaction
from billpay.ledger.submission import QueueAnswer, Refused


class HorizonDoors:
    """Hands envelopes in at one Horizon, and remembers which way it takes them."""

    def __init__(self, http: HorizonHttp) -> None:
        self._http = http
        self._may_queue = True

    async def hand_in(
        self, envelope_xdr: str, transaction_hash: str
    ) -> QueueAnswer | Refused | AppliedTransaction:
        """Answer what Horizon says of an envelope; its words are the same for refused and for failed in a ledger.

        Raises:
            Unavailable, Ambiguous, Misconfigured: as the tables of `horizon_http` say.
        """
        if self._may_queue:
            queued = await self._http.submit_without_waiting(envelope_xdr)
            if queued is not None:
                said = queued.document
                return QueueAnswer(
                    transaction_hash=said.get("hash"),
                    status=said.get("tx_status"),
                    result_xdr=said.get("error_result_xdr"),
                )
            self._may_queue = False
        reply = await self._http.submit(envelope_xdr)
        if is_refusal(reply):
            return Refused(codes=_spelt_codes(reply))
        try:
            return read_meant_transaction(reply.document, transaction_hash)
        except Unavailable as odd:
            raise Ambiguous(f"submitted, but {odd.detail}") from odd


def _spelt_codes(reply: Reply) -> Sequence[str]:
    """List the codes in Horizon's words: the transaction's, the wrapped one's, then the operations'."""
    extras = reply.document.get("extras")
    codes = extras.get("result_codes") if isinstance(extras, dict) else None
    if not isinstance(codes, dict):
        return ()
    operations = codes.get("operations")
    listed = [codes.get("transaction"), codes.get("inner_transaction")]
    listed += operations if isinstance(operations, list) else []
    return tuple(code for code in listed if isinstance(code, str))

"""What a provider's whole answer means, where the general table (`billpay.exchange_failures`) knows too little.

                                                moves money     only reads
401, 403                                        Misconfigured   Misconfigured
403, 429 in another voice than the provider's   Ambiguous       Misconfigured, Unavailable
a redirect, any other 4xx that is no JSON       Ambiguous       Misconfigured
any other 4xx that is JSON                      the answer      the answer
our own bugs while reading the answer           Ambiguous       a bug stays a bug
"""

import httpx

from billpay.exchange_failures import BROKEN, NO_JSON, TOO_MANY, Received, Row
from billpay.failures import Ambiguous, Misconfigured, Unavailable

_REFUSED = Row(Misconfigured, Misconfigured, "refused our key or address")
# A filter that inspects answers may speak after the sale was made, so a refusal in its words proves nothing.
_REFUSED_BY_ANOTHER = Row(Ambiguous, Misconfigured, "is shielded by something that refused us")
_TOO_MANY_BY_ANOTHER = Row(Ambiguous, Unavailable, "is shielded by something that slows us down")
# For a read the address is wrong. A purchase may have been made before its answer was sent elsewhere (POST, then 303).
_ELSEWHERE = Row(Ambiguous, Misconfigured, "answered with a redirect or an error page")
BUG = Row(Ambiguous, Unavailable, "gave an answer that we failed to read")


def judge(received: Received) -> Row | None:
    """Look an answer's status up; None where its JSON object is the answer, whatever the status."""
    codes = httpx.codes
    status, speaks_json = received.status, received.document is not None
    if status == codes.UNAUTHORIZED:
        return _REFUSED
    if status == codes.FORBIDDEN:
        return _REFUSED if speaks_json else _REFUSED_BY_ANOTHER
    if status == codes.TOO_MANY_REQUESTS:
        return TOO_MANY if speaks_json else _TOO_MANY_BY_ANOTHER
    if status == codes.REQUEST_TIMEOUT or codes.is_server_error(status):
        return BROKEN
    if codes.is_redirect(status) or (codes.is_client_error(status) and not speaks_json):
        return _ELSEWHERE
    return None if speaks_json else NO_JSON

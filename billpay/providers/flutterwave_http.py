"""Asking a provider that knows us by a bearer key."""

import httpx

from billpay.providers.http import ProviderHttp, Question

KEY_HEADER = "Authorization"


class BearerHttp(ProviderHttp):
    """Proves who we are by the bearer key that a question carries as `Authorization`.

    httpx logs the address of every request, and a validation names the customer's account in its query; so the query
    travels in the request's target, which no library logs (I18).
    """

    def _request(self, question: Question) -> httpx.Request:
        request = super()._request(question)
        request.headers[KEY_HEADER] = f"Bearer {request.headers[KEY_HEADER]}"
        # On GETs as well: Flutterwave was seen to answer "Transaction not found" to a status question without it.
        request.headers["Content-Type"] = "application/json"
        request.extensions["target"] = request.url.raw_path
        request.url = request.url.copy_with(query=None)
        return request

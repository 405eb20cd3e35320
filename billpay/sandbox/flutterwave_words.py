"""The sentences by which Flutterwave refuses, each under a name that a script may use.

Documented are the whitelist, the lookups and the 503 (developer.flutterwave.com/docs/bill-payments,
/docs/error-timeouts); the wording of the others is a choice here, since it is not published.
"""

REFUSALS: dict[str, tuple[int, str]] = {
    "key": (401, "Invalid authorization key"),
    "ip": (400, "Please enable IP Whitelisting to access this service"),
    "product off": (400, "Please contact your account administrator to use this service"),
    "balance": (400, "Insufficient funds in your wallet"),
    "duplicate": (400, "Duplicate reference. This bill payment was received already"),
    "country": (400, "Country not supported at this time"),
    "category": (400, "Invalid category code"),
    "biller": (400, "Invalid biller code"),
    "item": (400, "Invalid item code"),
    "field": (400, "customer_id, amount and country are required"),
    "amount": (400, "Invalid amount for this bill"),
    "customer": (400, "Invalid customer id"),
    "offline": (400, "Unable to process this bill at the moment"),
    "unknown": (400, "Transaction not found"),
    "slow down": (429, "Too many requests"),
    "gave up": (503, "An error occurred. Please contact support"),
}


class Refusal(Exception):  # noqa: N818  the provider's ordinary "no", not an error of ours
    """Flutterwave says no, by a name above or in any other words with HTTP 400."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.http_status, self.message = REFUSALS.get(code, (400, code))
        super().__init__(f"{self.http_status} {self.message}")

"""VTPass's response codes and their texts (vtpass.com/documentation/response-codes)."""

MEANINGS: dict[str, str] = {
    "000": "TRANSACTION SUCCESSFUL",
    "001": "TRANSACTION QUERY",
    "010": "VARIATION CODE DOES NOT EXIST",
    "011": "INVALID ARGUMENTS",
    "012": "PRODUCT DOES NOT EXIST",
    "013": "BELOW MINIMUM AMOUNT ALLOWED",
    "014": "REQUEST ID ALREADY EXIST",
    "015": "INVALID REQUEST ID",
    "016": "TRANSACTION FAILED",
    "017": "ABOVE MAXIMUM AMOUNT ALLOWED",
    "018": "LOW WALLET BALANCE",
    "019": "LIKELY DUPLICATE TRANSACTION",
    "020": "BILLER CONFIRMED",
    "021": "ACCOUNT LOCKED",
    "022": "ACCOUNT SUSPENDED",
    "023": "API ACCESS NOT ENABLE FOR USER",
    "024": "ACCOUNT INACTIVE",
    "025": "RECIPIENT BANK INVALID",
    "026": "RECIPIENT ACCOUNT COULD NOT BE VERIFIED",
    "027": "IP NOT WHITELISTED, CONTACT SUPPORT",
    "028": "PRODUCT IS NOT WHITELISTED ON YOUR ACCOUNT",
    "030": "BILLER NOT REACHABLE AT THIS POINT",
    "031": "BELOW MINIMUM QUANTITY ALLOWED",
    "032": "ABOVE MAXIMUM QUANTITY ALLOWED",
    "034": "SERVICE SUSPENDED",
    "035": "SERVICE INACTIVE",
    "040": "TRANSACTION REVERSAL TO WALLET",
    "044": "TRANSACTION RESOLVED",
    "083": "SYSTEM ERROR",
    "085": "IMPROPER REQUEST ID",
    "087": "INVALID CREDENTIALS",
    "089": "REQUEST IS PROCESSING, PLEASE WAIT BEFORE MAKING ANOTHER REQUEST",
    "091": "TRANSACTION NOT PROCESSED",
    "099": "TRANSACTION IS PROCESSING",
}


class Refusal(Exception):  # noqa: N818  the provider's ordinary "no", not an error of ours
    """VTPass says no with a code; the HTTP status is 200 all the same."""

    def __init__(self, code: str, meaning: str | None = None) -> None:
        self.code = code
        self.meaning = meaning or meaning_of(code)
        super().__init__(f"{code} {self.meaning}")


def meaning_of(code: str) -> str:
    """Answer a code's text; an unlisted code has one too, since VTPass adds codes without notice."""
    return MEANINGS.get(code, "UNEXPECTED RESPONSE")

"""How much of a number a log line, a summary or a notification may show."""

_SHORTEST_MASKED = 8


def masked_phone(phone: str) -> str:
    """Show a phone as `080****5678`."""
    return _masked(phone, head=3, tail=4, stars=4)


def masked_account(number: str) -> str:
    """Show a meter or smartcard as `123****890`."""
    return _masked(number, head=3, tail=3, stars=4)


def _masked(text: str, *, head: int, tail: int, stars: int) -> str:
    if len(text) < _SHORTEST_MASKED:
        return "*" * len(text)
    return text[:head] + "*" * stars + text[-tail:]

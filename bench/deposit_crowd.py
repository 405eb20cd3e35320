"""Who pays what, how, in the randomised run of deposits: everything drawn from one seed.

Most of what a wallet can send is among it: the three ways to name an order, payments by a path, fee bumps, several
payments in one transaction, memos of every kind that name nothing, dust, and payers that cannot be paid back.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from stellar_sdk import Asset, MuxedAccount

from bench.wallets import Payment, Transfer
from billpay.domain.money import STROOPS_PER_CNGN, Stroops
from billpay.domain.orders import Order
from billpay.sandbox import identities

Chance = random.Random

_TREASURY = identities.treasury().public_key
_ONE = STROOPS_PER_CNGN


class Kind(StrEnum):
    """What a customer does."""

    EXACT = "pays an order exactly"
    SHORT = "pays an order short"
    OVER = "pays an order over"
    TWICE = "pays an order twice"
    TWICE_AT_ONCE = "pays an order twice in one transaction"
    CONTRADICTORY = "names two orders at once"
    STRAY = "names no order"
    DUST = "sends dust"
    NATIVE = "sends the network's own coin"


class Way(StrEnum):
    """How an order is named."""

    TEXT = "by a text memo"
    NUMBER = "by a numeric memo"
    MUXED = "by a multiplexed destination"


class Trouble(StrEnum):
    """Why a payer cannot simply be paid back any more."""

    NO_TRUST = "gives up its trustline"
    FROZEN = "is frozen by the issuer"
    DEMANDS_MEMO = "demands a memo"


KINDS: Sequence[tuple[int, Kind]] = (
    (20, Kind.EXACT),
    (3, Kind.SHORT),
    (3, Kind.OVER),
    (2, Kind.TWICE),
    (2, Kind.TWICE_AT_ONCE),
    (1, Kind.CONTRADICTORY),
    (24, Kind.STRAY),
    (40, Kind.DUST),
    (5, Kind.NATIVE),
)
"""Weights: many more strays and dust than any service sees, since those are what is lost elsewhere."""

ORDERS = {
    Kind.EXACT: 1,
    Kind.SHORT: 1,
    Kind.OVER: 1,
    Kind.TWICE: 1,
    Kind.TWICE_AT_ONCE: 1,
    Kind.CONTRADICTORY: 2,
}
"""How many orders each kind needs."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What one customer does, before there is any order."""

    kind: Kind
    way: Way
    trouble: Trouble | None
    seed: int
    """Draws the rest once the orders are there."""

    @property
    def deposits(self) -> int:
        """How many credits of cNGN it makes."""
        return {Kind.TWICE: 2, Kind.TWICE_AT_ONCE: 2, Kind.NATIVE: 0}.get(self.kind, 1)


def draw_plans(deposits: int, seed: int) -> Sequence[Plan]:
    """Draw customers until they make at least so many deposits; the same for the same seed."""
    chance, plans, made = Chance(seed), list[Plan](), 0
    while made < deposits:
        plan = _draw(chance)
        plans.append(plan)
        made += plan.deposits
    return plans


def _draw(chance: Chance) -> Plan:
    kind = chance.choices([k for _, k in KINDS], [w for w, _ in KINDS])[0]
    may_trouble = kind in (Kind.STRAY, Kind.SHORT)
    is_trouble = may_trouble and chance.random() < 0.05  # noqa: PLR2004  one in twenty
    return Plan(
        kind=kind,
        way=chance.choice(list(Way)),
        trouble=chance.choice(list(Trouble)) if is_trouble else None,
        seed=chance.getrandbits(32),
    )


def payments_of(plan: Plan, orders: Sequence[Order]) -> Iterator[Payment]:
    """Write the transactions of a plan, one after the other."""
    chance = Chance(plan.seed)
    match plan.kind:
        case Kind.EXACT:
            yield _naming(chance, plan, orders[0], orders[0].due)
        case Kind.SHORT:
            yield _naming(chance, plan, orders[0], Stroops(orders[0].due - 2 * _ONE))
        case Kind.OVER:
            yield _naming(chance, plan, orders[0], Stroops(orders[0].due + 7 * _ONE))
        case Kind.TWICE:
            yield _naming(chance, plan, orders[0], orders[0].due)
            yield _naming(chance, plan, orders[0], orders[0].due)
        case Kind.TWICE_AT_ONCE:
            yield _naming(chance, plan, orders[0], orders[0].due, times=2)
        case Kind.CONTRADICTORY:
            transfer = _transfer(chance, orders[0].due, _numbered(orders[1].alias))
            yield Payment(transfers=[transfer], text=orders[0].memo.encode())
        case Kind.STRAY:
            yield _stray(chance, Stroops(chance.randint(2 * _ONE, 500 * _ONE)))
        case Kind.DUST:
            yield _stray(chance, Stroops(chance.randint(1, _ONE)))
        case Kind.NATIVE:
            amount = Stroops(chance.randint(1, 99))
            transfer = Transfer(amount=amount, destination=_TREASURY, asset=Asset.native())
            yield Payment(transfers=[transfer])


def _naming(
    chance: Chance, plan: Plan, order: Order, amount: Stroops, *, times: int = 1
) -> Payment:
    """Pay an order by the plan's way of naming it."""
    to = _numbered(order.alias) if plan.way is Way.MUXED else _TREASURY
    return Payment(
        transfers=[_transfer(chance, amount, to) for _ in range(times)],
        text=order.memo.encode() if plan.way is Way.TEXT else None,
        number=order.alias if plan.way is Way.NUMBER else None,
        sender_id=_sender(chance),
        is_bumped=_in(chance, 10),
    )


def _stray(chance: Chance, amount: Stroops) -> Payment:
    """Pay with a memo that names nothing, or with none."""
    memo = chance.choice(("none", "text", "look-alike", "bytes", "number", "hash", "muxed"))
    to = _numbered(chance.getrandbits(62)) if memo == "muxed" else _TREASURY
    texts = {
        "text": b"for my light bill",
        "look-alike": f" BILL-{'1' * 21} ".encode(),
        "bytes": b"BILL-\xff\x00\xfe",
    }
    return Payment(
        transfers=[_transfer(chance, amount, to)],
        text=texts.get(memo),
        number=chance.getrandbits(63) if memo == "number" else None,
        hash=chance.randbytes(32) if memo == "hash" else None,
        sender_id=_sender(chance),
        is_bumped=_in(chance, 10),
    )


def _numbered(number: int) -> str:
    """Write the treasury's address with a number in it."""
    return MuxedAccount(_TREASURY, number).universal_account_id


def _transfer(chance: Chance, amount: Stroops, to: str) -> Transfer:
    return Transfer(amount=amount, destination=to, is_path=_in(chance, 5))


def _sender(chance: Chance) -> int | None:
    return chance.getrandbits(63) if _in(chance, 6) else None


def _in(chance: Chance, many: int) -> bool:
    """One time in so many."""
    return chance.randrange(many) == 0

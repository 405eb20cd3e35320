"""What must hold between what really happened and what our records say: one pure rule for each promise.

They are meant for a world at rest; a payment in motion shows as a difference.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from billpay.domain.deposits import Deposit, Disposition
from billpay.domain.masking import masked_account
from billpay.domain.money import Kobo, Stroops, in_stroops, ledger_amount, spoken_naira
from billpay.domain.refunds import RefundPurpose, RefundStatus
from billpay.domain.statuses import BillStatus
from billpay.domain.tokens import Token, masked_token
from starter.truth.books import Books, OrderRecord, Sale, account_of

_TOKEN = re.compile(r"(?<![\w-])\d{4}(?:-?\d{4}){4}(?![\w-])")
_MEANS = {
    BillStatus.COMPLETED: Disposition.DELIVERED,
    BillStatus.REFUNDED: Disposition.REFUNDED,
}
"""Where the deposit of an ended order is."""

_ENDED = frozenset(_MEANS)


@dataclass(frozen=True)
class Difference:
    """One thing on which the two sides do not agree."""

    invariant: str
    subject: str
    """Transaction id of the order, else operation id of the deposit, else whatever names it."""

    text: str

    def __str__(self) -> str:
        return f"{self.invariant} {self.subject}: {self.text}"


def _cngn(amount: int) -> str:
    """Write an amount that may be negative, to the last stroop."""
    return f"{ledger_amount(Stroops(amount))} cNGN"


def recorded_once(books: Books) -> Iterator[Difference]:
    """I1: a credit has one deposit row that says what the ledger says; whatever else has a row was no credit (I23)."""
    rows = Counter(deposit.credit.operation_id for deposit in books.records.deposits)
    came = {movement.operation_id: movement for movement in books.world.credits()}
    for name, movement in came.items():
        if rows[name] != 1:
            found = f"{_cngn(movement.amount)} came in, and {rows[name]} deposit rows say so"
            yield Difference("I1", name, found)
    for deposit in books.records.deposits:
        credit = deposit.credit
        real = came.get(credit.operation_id)
        if real is None:
            yield Difference("I1", credit.operation_id, "recorded, but no cNGN came in by it")
        elif (real.amount, account_of(real.source), real.transaction_hash) != (
            credit.amount,
            account_of(credit.payer),
            credit.transaction_hash,
        ):
            found = f"recorded as {_cngn(credit.amount)}, but it was {_cngn(real.amount)}"
            yield Difference("I1", credit.operation_id, f"{found} from {real.source}")


def adds_up(books: Books) -> Iterator[Difference]:
    """I2: in = sold + fee + refunded + kept as dust + held, for each deposit, to the stroop."""
    for deposit in books.records.deposits:
        name, order = deposit.credit.operation_id, books.order_of(deposit)
        status = order.status if order else None
        means = _MEANS.get(status) if status else None
        is_delivered = deposit.disposition is Disposition.DELIVERED
        if deposit.disposition is Disposition.PENDING and status is not BillStatus.NEEDS_REVIEW:
            yield Difference("I2", name, "neither delivered nor refunded nor held nor kept")
        elif means not in (None, deposit.disposition) or (is_delivered and means is None):
            ended = f"its order is {status}" if status else "it pays no order"
            yield Difference("I2", name, f"{deposit.disposition}, but {ended}")
        elif (rest := _unaccounted(books, deposit, order)) != 0:
            word = "unaccounted for" if rest > 0 else "more than came went out"
            yield Difference("I2", name, f"{deposit.disposition}, and {_cngn(abs(rest))} {word}")


def _unaccounted(books: Books, deposit: Deposit, order: OrderRecord | None) -> int:
    """Answer what is left of a deposit once everything that became of it is taken off."""
    rest: int = deposit.credit.amount - books.returned(deposit, *RefundPurpose)
    refunds = [record.refund for record in books.refunds_of(deposit)]
    match deposit.disposition:
        case Disposition.DELIVERED if order is not None:
            sold = sum(sale.amount or 0 for sale in books.sales_of(order))
            fee = order.due - in_stroops(order.bill_amount)
            held = sum(r.amount for r in refunds if r.status is RefundStatus.HELD)
            rest -= in_stroops(Kobo(sold)) + fee + held
            is_dust = not refunds and rest <= books.dust
            return 0 if rest >= 0 and (is_dust or books.keeps_excess) else rest
        case Disposition.HELD | Disposition.PENDING:
            # Held means that all of it is still here.
            return rest - deposit.credit.amount
        case Disposition.KEPT:
            # All of it is still here, and nothing but dust may be.
            is_dust = deposit.credit.amount <= books.dust
            return rest - deposit.credit.amount if is_dust else deposit.credit.amount
        case _:
            return rest


def sold_or_returned(books: Books) -> Iterator[Difference]:
    """I3 and I13: completed means sold, refunded means not sold, and nothing ends before its sale has."""
    for order in books.records.orders:
        sales, subject = books.sales_of(order), str(order.transaction_id)
        whole = books.returned(books.claim_of(order), RefundPurpose.WHOLE)
        if order.status in _ENDED and any(sale.happened == "pending" for sale in sales):
            yield Difference("I13", subject, f"{order.status}, but its sale is still open")
        if sales and (whole or order.status is BillStatus.REFUNDED):
            yield Difference("I3", subject, f"sold, and {_cngn(whole)} went back as well")
        if not sales and order.status is BillStatus.COMPLETED:
            yield Difference("I3", subject, "completed, but nothing was sold")


def sold_once(books: Books) -> Iterator[Difference]:
    """I4: an order has at most one sale."""
    for order in books.records.orders:
        sales = books.sales_of(order)
        if len(sales) > 1:
            ids = ", ".join(sale.request_id for sale in sales)
            yield Difference("I4", str(order.transaction_id), f"sold {len(sales)} times: {ids}")


def holds_what_is_left(books: Books) -> Iterator[Difference]:
    """I5: the treasury's balance is the sum of our deposits minus the sum of our paid refunds."""
    came = sum(deposit.credit.amount for deposit in books.records.deposits)
    paid = (r.refund for r in books.records.refunds if r.refund.status is RefundStatus.PAID)
    expected = came - sum(refund.amount for refund in paid)
    if books.world.balance != expected:
        found = f"holds {_cngn(books.world.balance)}, our records say {_cngn(expected)}"
        yield Difference("I5", "treasury", found)


def keeps_the_token(books: Books) -> Iterator[Difference]:
    """I7: what a completed order's customer paid for is what we keep for them."""
    for order in books.records.orders:
        if order.status is not BillStatus.COMPLETED:
            continue
        sold = [token for sale in books.sales_of(order) for token in sale.tokens]
        if sold != list(order.tokens):
            found = f"sold {_masked(sold)}, kept {_masked(order.tokens)}"
            yield Difference("I7", str(order.transaction_id), found)


def told_the_customer(books: Books) -> Iterator[Difference]:
    """I8: every ended order was heard of, with its token where there is one, and with no other."""
    for order in books.records.orders:
        subject = str(order.transaction_id)
        bodies = [t.body for t in books.world.told if t.transaction_id == order.transaction_id]
        sold = {token for sale in books.sales_of(order) for token in sale.tokens}
        told = {Token(t.replace("-", "")) for body in bodies for t in _TOKEN.findall(body)}
        if order.status in _ENDED and not bodies:
            yield Difference("I8", subject, f"{order.status}, and its customer was told nothing")
        elif order.status is BillStatus.COMPLETED and sold - told:
            yield Difference("I8", subject, f"its customer was not told {_masked(sold - told)}")
        if told - sold:
            yield Difference("I8", subject, f"was told {_masked(told - sold)}, which nobody sold")


def _masked(tokens: Iterable[Token]) -> str:
    return ", ".join(masked_token(token) for token in sorted(tokens)) or "no token"


def returned_once(books: Books) -> Iterator[Difference]:
    """I9: the treasury's payments and our paid refunds are the same, one to one."""
    for movement in books.unexplained:
        found = f"{_cngn(movement.amount)} went to {movement.destination}, and no refund says so"
        yield Difference("I9", movement.transaction_hash, found)
    for record in books.records.refunds:
        refund, real = record.refund, books.settling[record.refund.refund_id]
        expected = 1 if refund.status is RefundStatus.PAID else 0
        if len(real) != expected:
            yield Difference("I9", refund.refund_id, f"{refund.status}, and paid {len(real)} times")
        for movement in real:
            is_theirs = account_of(movement.destination) == account_of(refund.destination)
            if movement.amount != refund.amount or not is_theirs:
                owed = f"{_cngn(refund.amount)} to {refund.destination}"
                sent = f"{_cngn(movement.amount)} to {movement.destination}"
                yield Difference("I9", refund.refund_id, f"owed {owed}, sent {sent}")


def heard_from_us(books: Books) -> Iterator[Difference]:
    """I14: nothing was sold under a request id that no attempt of ours names."""
    known = {name for order in books.records.orders for name in order.request_ids}
    for sale in books.world.sales:
        if sale.may_be_sold and sale.request_id not in known:
            found = f"sold to {masked_account(sale.account)}, and no attempt says so"
            yield Difference("I14", sale.request_id, found)


def sold_as_ordered(books: Books) -> Iterator[Difference]:
    """I17: the provider sold the order's amount, exactly, to the order's account."""
    for order in books.records.orders:
        for sale in books.sales_of(order):
            subject = str(order.transaction_id)
            if sale.amount != order.bill_amount:
                found = f"{spoken_naira(order.bill_amount)} ordered, {_naira(sale)} sold"
                yield Difference("I17", subject, found)
            if sale.account != order.account_number:
                yield Difference("I17", subject, "sold to another account than was ordered for")


def _naira(sale: Sale) -> str:
    return spoken_naira(sale.amount or Kobo(0))


Rule = Callable[[Books], Iterator[Difference]]

RULES: Sequence[Rule] = (
    recorded_once,
    adds_up,
    sold_or_returned,
    sold_once,
    holds_what_is_left,
    keeps_the_token,
    told_the_customer,
    returned_once,
    heard_from_us,
    sold_as_ordered,
)


def differences(books: Books) -> Sequence[Difference]:
    """Apply every rule."""
    return [found for rule in RULES for found in rule(books)]

"""The comparison itself: what fits has no difference, and one wrong fact is exactly that difference."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stellar_sdk import Keypair, MuxedAccount

from billpay.domain.books import Books, RecordedDeposit, SignedRefund, Undecided
from billpay.domain.deposits import Credit
from billpay.domain.journal import Account, AccountBalance, Opening, Withdrawal
from billpay.domain.money import Stroops
from billpay.domain.reconciliation import Difference, DifferenceKind, Equation
from billpay.domain.refunds import EnvelopeKind, EnvelopeState
from billpay.ledger.base import Debit
from billpay.ledger.positions import operation_position
from billpay.reconciliation import Chain, WorkflowsSeen, compare, persisting

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(hours=3)
OPENED, LEDGER = 100, 500
PAYER = Keypair.from_raw_ed25519_seed(bytes(31) + b"\x01").public_key
STRANGER = Keypair.from_raw_ed25519_seed(bytes(31) + b"\x02").public_key

World = tuple[Books, Chain, WorkflowsSeen]
Tampering = Callable[[Books, Chain, WorkflowsSeen], World]


def name_of(number: int, ledger: int) -> str:
    return operation_position(ledger, number + 1, 1)


def credit(number: int, amount: int, ledger: int = 200) -> Credit:
    name = name_of(number, ledger)
    return Credit(
        operation_id=name,
        paging_token=name,
        transaction_hash=f"credit {number}",
        ledger=ledger,
        closed_at=LONG_AGO,
        payer=PAYER,
        amount=Stroops(amount),
        memo=None,
        memo_type="none",
    )


def debit(number: int, amount: int, **changes) -> Debit:
    facts = {
        "operation_id": name_of(number, 300),
        "transaction_hash": f"debit {number}",
        "ledger": 300,
        "closed_at": LONG_AGO,
        "destination": PAYER,
        "amount": Stroops(amount),
    }
    return Debit(**facts | changes)


def recorded(one: Credit) -> RecordedDeposit:
    return RecordedDeposit(
        operation_id=one.operation_id,
        transaction_hash=one.transaction_hash,
        ledger=one.ledger,
        payer=one.payer,
        amount=one.amount,
    )


def refund_of(one: Debit, **changes) -> SignedRefund:
    facts = {
        "refund_id": f"refund-{one.transaction_hash}",
        "transaction_hash": one.transaction_hash,
        "hashes": frozenset({one.transaction_hash, f"bump of {one.transaction_hash}"}),
        "state": EnvelopeState.APPLIED,
        "kind": EnvelopeKind.PAYMENT,
        "destination": one.destination,
        "amount": one.amount,
        "ledger": one.ledger,
    }
    return SignedRefund(**facts | changes)


def withdrawal_of(one: Debit) -> Withdrawal:
    return Withdrawal(
        operation_id=one.operation_id,
        transaction_hash=one.transaction_hash,
        ledger=one.ledger,
        closed_at=one.closed_at,
        destination=one.destination,
        amount=one.amount,
        recorded_at=NOW,
        actor="ada",
        reason="to the bank",
    )


def world(
    came: Sequence[int] = (7_000,),
    back: Sequence[int] = (2_000,),
    out: Sequence[int] = (500,),
    opened: int = 900,
) -> World:
    """A ledger, records and workflows that fit."""
    credits_ = [credit(number, amount) for number, amount in enumerate(came)]
    refunds = [debit(number, amount) for number, amount in enumerate(back)]
    withdrawn = [debit(1_000 + number, amount) for number, amount in enumerate(out)]
    equation = Equation(
        opening=Stroops(opened),
        credited=Stroops(sum(came)),
        refunded=Stroops(sum(back)),
        reclaimed=Stroops(0),
        withdrawn=Stroops(sum(out)),
    )
    books = Books(
        installed_at=LONG_AGO - timedelta(days=1),
        cursor=int(operation_position(LEDGER, 1, 1)),
        opening=Opening(wallet="wallet", ledger=OPENED, holding=Stroops(opened), opened_at=NOW),
        equation=equation,
        journal=equation.expected,
        accounts=[AccountBalance(account=Account.TREASURY, currency="cNGN", balance=1)],
        totals=[],
        deposits={one.operation_id: recorded(one) for one in credits_},
        parked=frozenset(),
        refunds=[refund_of(one) for one in refunds],
        reclaims={},
        withdrawals={one.operation_id: withdrawal_of(one) for one in withdrawn},
        undecided=[Undecided(operation_id="u", workflow_id="deposit-u", recorded_at=LONG_AGO)],
        contradictions=[],
    )
    chain = Chain(
        ledger=LEDGER,
        holding=equation.expected,
        first_ledger=1,
        credits=credits_,
        debits=[*refunds, *withdrawn],
        found={},
    )
    return books, chain, WorkflowsSeen(running={"deposit-u"}, failed=frozenset())


def found(books: Books, chain: Chain, workflows: WorkflowsSeen) -> list[DifferenceKind]:
    report = compare(books, chain, workflows, now=NOW)
    return [difference.kind for difference in report.differences]


AMOUNTS = st.lists(st.integers(min_value=1, max_value=10**17), min_size=1, max_size=6)


@given(AMOUNTS, AMOUNTS, AMOUNTS, st.integers(min_value=0, max_value=10**17))
def test_what_fits_has_no_difference(came, back, out, opened):
    """I5."""
    report = compare(*world(came, back, out, opened), now=NOW)
    assert report.is_clean
    assert report.in_motion == ()
    assert report.on_the_way == 0


# One wrong fact


def holds(change: int) -> Tampering:
    return lambda books, chain, seen: (
        books,
        replace(chain, holding=Stroops(chain.holding + change)),
        seen,
    )


def a_credit_more(books, chain, seen):
    came = credit(77, 333)
    more = Stroops(chain.holding + 333)
    return books, replace(chain, holding=more, credits=[*chain.credits, came]), seen


def a_deposit_more(books, chain, seen):
    """Recorded, journalled, and never on the ledger."""
    made_up = recorded(credit(77, 333))
    equation = books.equation.model_copy(update={"credited": books.equation.credited + 333})
    return (
        replace(
            books,
            deposits={**books.deposits, made_up.operation_id: made_up},
            equation=equation,
            journal=equation.expected,
        ),
        chain,
        seen,
    )


def another_amount(books, chain, seen):
    first, *rest = chain.credits
    more = first.model_copy(update={"amount": Stroops(first.amount + 5)})
    return (
        books,
        replace(chain, credits=[more, *rest], holding=Stroops(chain.holding + 5)),
        seen,
    )


def another_payer(books, chain, seen):
    first, *rest = chain.credits
    return (
        books,
        replace(chain, credits=[first.model_copy(update={"payer": STRANGER}), *rest]),
        seen,
    )


def a_debit_more(books, chain, seen):
    less = Stroops(chain.holding - 44)
    return books, replace(chain, holding=less, debits=[*chain.debits, debit(78, 44)]), seen


def a_refund_twice(books, chain, seen):
    again = replace(chain.debits[0], operation_id=name_of(79, 310))
    less = Stroops(chain.holding - again.amount)
    return books, replace(chain, holding=less, debits=[*chain.debits, again]), seen


def a_refund_missing(books, chain, seen):
    _, *rest = chain.debits
    more = Stroops(chain.holding + chain.debits[0].amount)
    return books, replace(chain, debits=rest, holding=more), seen


def a_refund_of_another_amount(books, chain, seen):
    first, *rest = chain.debits
    less = replace(first, amount=Stroops(first.amount + 3))
    return (
        books,
        replace(chain, debits=[less, *rest], holding=Stroops(chain.holding - 3)),
        seen,
    )


def a_refund_to_another(books, chain, seen):
    first, *rest = chain.debits
    return books, replace(chain, debits=[replace(first, destination=STRANGER), *rest]), seen


def a_refund_believed_dead(books, chain, seen):
    first, *rest = books.refunds
    equation = books.equation.model_copy(
        update={"refunded": books.equation.refunded - first.amount}
    )
    dead = replace(first, state=EnvelopeState.DEAD, ledger=None)
    return (
        replace(books, refunds=[dead, *rest], equation=equation, journal=equation.expected),
        chain,
        seen,
    )


def a_withdrawal_missing(books, chain, seen):
    *rest, last = chain.debits
    more = Stroops(chain.holding + last.amount)
    return books, replace(chain, debits=rest, holding=more), seen


def a_journal_that_is_off(books, chain, seen):
    return replace(books, journal=Stroops(books.journal + 1)), chain, seen


def an_overdrawn_account(books, chain, seen):
    off = AccountBalance(account=Account.HELD, currency="cNGN", balance=1)
    return replace(books, accounts=[off]), chain, seen


def a_workflow_gone(books, chain, seen):
    return books, chain, replace(seen, running=frozenset())


def a_workflow_terminated(books, chain, seen):
    return books, chain, replace(seen, running=frozenset(), failed={"deposit-u"})


def a_workflow_left_over(books, chain, seen):
    return books, chain, replace(seen, running={"deposit-u", "bill-x"}, lingering=["bill-x"])


def never_started(books, chain, seen):
    waiting = Undecided(operation_id="v", workflow_id=None, recorded_at=LONG_AGO)
    return replace(books, undecided=[*books.undecided, waiting]), chain, seen


TAMPERINGS = [
    (holds(1), DifferenceKind.BALANCE),
    (holds(-1), DifferenceKind.BALANCE),
    (a_credit_more, DifferenceKind.CREDIT_UNRECORDED),
    (a_deposit_more, DifferenceKind.DEPOSIT_NOT_ON_LEDGER),
    (another_amount, DifferenceKind.DEPOSIT_DIFFERS),
    (another_payer, DifferenceKind.DEPOSIT_DIFFERS),
    (a_debit_more, DifferenceKind.DEBIT_UNEXPLAINED),
    (a_refund_twice, DifferenceKind.REFUND_PAID_TWICE),
    (a_refund_missing, DifferenceKind.REFUND_NOT_ON_LEDGER),
    (a_refund_of_another_amount, DifferenceKind.REFUND_DIFFERS),
    (a_refund_to_another, DifferenceKind.REFUND_DIFFERS),
    (a_refund_believed_dead, DifferenceKind.REFUND_UNMARKED),
    (a_withdrawal_missing, DifferenceKind.WITHDRAWAL_NOT_ON_LEDGER),
    (a_journal_that_is_off, DifferenceKind.JOURNAL),
    (an_overdrawn_account, DifferenceKind.OVERDRAWN_ACCOUNT),
    (a_workflow_gone, DifferenceKind.WORKFLOW_MISSING),
    (a_workflow_terminated, DifferenceKind.WORKFLOW_FAILED),
    (a_workflow_left_over, DifferenceKind.WORKFLOW_LINGERS),
    (never_started, DifferenceKind.WORKFLOW_MISSING),
]


@given(
    st.sampled_from(TAMPERINGS),
    AMOUNTS,
    AMOUNTS,
    AMOUNTS,
    st.integers(min_value=0, max_value=10**17),
)
def test_one_wrong_fact_is_exactly_that_difference(tampering, came, back, out, opened):
    """I1, I5, I6, I9: nothing hides behind another, and nothing is told twice."""
    tamper, kind = tampering
    assert found(*tamper(*world(came, back, out, opened))) == [kind]


def test_two_wrong_amounts_that_cancel_out_are_both_told():
    """A credit that was missed and money that was taken: the balance alone would fit."""
    books, chain, seen = world()
    taken, missed = debit(78, 333), credit(77, 333)
    chain = replace(chain, debits=[*chain.debits, taken], credits=[*chain.credits, missed])
    assert sorted(found(books, chain, seen)) == [
        DifferenceKind.CREDIT_UNRECORDED,
        DifferenceKind.DEBIT_UNEXPLAINED,
    ]


def test_what_our_records_say_against_each_other_is_told_as_it_was_found():
    books, chain, seen = world()
    one = Difference(kind=DifferenceKind.UNBALANCED_ENTRY, about="7", detail="5 too much")
    report = compare(replace(books, contradictions=[one]), chain, seen, now=NOW)
    assert report.differences == (one,)
    assert one.subject == "unbalanced_entry:7"


# What is no difference


def test_a_credit_that_the_watcher_has_not_come_to_is_on_its_way():
    books, chain, seen = world()
    late = credit(9, 333, LEDGER).model_copy(update={"closed_at": NOW - timedelta(seconds=3)})
    books = replace(books, cursor=int(operation_position(LEDGER - 1, 1, 1)))
    chain = replace(chain, credits=[*chain.credits, late], holding=Stroops(chain.holding + 333))
    report = compare(books, chain, seen, now=NOW)
    assert report.is_clean
    assert report.on_the_way == 333
    assert [one.about for one in report.in_motion] == [late.operation_id]
    again = compare(books, chain, seen, now=NOW + timedelta(hours=1))
    assert [one.kind for one in again.differences] == [DifferenceKind.CREDIT_UNRECORDED]


def test_a_credit_that_the_cursor_has_passed_is_lost_however_young_it_is():
    """I11."""
    books, chain, seen = world()
    late = credit(9, 333, LEDGER - 1).model_copy(update={"closed_at": NOW})
    chain = replace(chain, credits=[*chain.credits, late], holding=Stroops(chain.holding + 333))
    assert found(books, chain, seen) == [DifferenceKind.CREDIT_UNRECORDED]


def test_a_refund_that_has_just_been_applied_is_on_its_way_into_our_records():
    books, chain, seen = world()
    leaving = debit(80, 60)
    signed = refund_of(leaving, state=EnvelopeState.IN_FLIGHT, ledger=None)
    chain = replace(chain, debits=[*chain.debits, leaving], holding=Stroops(chain.holding - 60))
    report = compare(replace(books, refunds=[*books.refunds, signed]), chain, seen, now=NOW)
    assert report.is_clean
    assert report.on_the_way == -60


def test_a_refund_in_flight_that_the_ledger_does_not_have_yet_moves_nothing():
    books, chain, seen = world()
    signed = refund_of(debit(80, 60), state=EnvelopeState.IN_FLIGHT, ledger=None)
    report = compare(replace(books, refunds=[*books.refunds, signed]), chain, seen, now=NOW)
    assert report.is_clean
    assert len(report.in_motion) == 1


def test_a_refund_in_a_fee_bump_is_known_by_the_bumps_hash():
    books, chain, seen = world()
    first, *rest = chain.debits
    bumped = replace(first, transaction_hash=f"bump of {first.transaction_hash}")
    assert found(books, replace(chain, debits=[bumped, *rest]), seen) == []


def test_a_multiplexed_payer_is_paid_back_at_the_account_behind():
    books, chain, seen = world()
    first, *rest = books.refunds
    muxed = replace(first, destination=MuxedAccount(PAYER, 7).account_muxed)
    assert found(replace(books, refunds=[muxed, *rest]), chain, seen) == []


def test_a_refund_that_was_set_aside_is_looked_up_by_its_transaction():
    """Horizon does not list it among the wallet's payments."""
    books, chain, seen = world()
    _, *rest = chain.debits
    first, *others = books.refunds
    aside = replace(first, kind=EnvelopeKind.CLAIMABLE_BALANCE)
    books = replace(books, refunds=[aside, *others])
    unseen = replace(chain, debits=rest)
    seen_there = replace(unseen, found={aside.transaction_hash: aside.ledger})
    assert found(books, seen_there, seen) == []
    assert DifferenceKind.REFUND_NOT_ON_LEDGER in found(books, unseen, seen)


def test_a_refund_that_was_set_aside_may_be_listed_with_nobody_as_its_receiver():
    books, chain, seen = world()
    first, *rest = chain.debits
    aside = replace(books.refunds[0], kind=EnvelopeKind.CLAIMABLE_BALANCE)
    chain = replace(chain, debits=[replace(first, destination=None), *rest])
    assert found(replace(books, refunds=[aside, *books.refunds[1:]]), chain, seen) == []


def test_a_parked_credit_is_known_and_explains_its_part_of_the_balance():
    books, chain, seen = a_credit_more(*world())
    parked = frozenset({chain.credits[-1].operation_id})
    report = compare(replace(books, parked=parked), chain, seen, now=NOW)
    assert report.is_clean
    assert "parked" in report.in_motion[0].detail


def test_what_lies_before_the_opening_is_inside_it():
    books, chain, seen = world()
    before = debit(81, 70, operation_id=name_of(81, OPENED), ledger=OPENED)
    assert found(books, replace(chain, debits=[*chain.debits, before]), seen) == []


def test_a_credit_since_our_installation_is_ours_also_before_the_opening():
    """I1: nothing that an order of ours asked for hides in the opening."""
    books, chain, seen = world()
    came = credit(9, 333, OPENED)
    older = came.model_copy(update={"closed_at": books.installed_at - timedelta(hours=1)})
    assert found(books, replace(chain, credits=[*chain.credits, came]), seen) == [
        DifferenceKind.CREDIT_UNRECORDED
    ]
    assert found(books, replace(chain, credits=[*chain.credits, older]), seen) == []


def test_a_page_that_is_told_twice_is_read_once():
    books, chain, seen = world()
    twice = replace(chain, credits=[*chain.credits] * 2, debits=[*chain.debits] * 2)
    assert found(books, twice, seen) == []


@pytest.mark.parametrize("workflow_id", [None, "deposit-v"])
def test_a_deposit_that_was_just_recorded_is_on_its_way(workflow_id):
    books, chain, seen = world()
    young = Undecided(operation_id="v", workflow_id=workflow_id, recorded_at=NOW)
    report = compare(replace(books, undecided=[*books.undecided, young]), chain, seen, now=NOW)
    assert report.is_clean
    assert [one.about for one in report.in_motion] == ["v"]


# Two looks


def test_a_difference_is_one_when_a_second_look_finds_it_too():
    first = compare(*a_debit_more(*world()), now=NOW)
    assert persisting(first, first).differences == first.differences


def test_what_only_one_look_finds_was_on_its_way():
    clean = compare(*world(), now=NOW)
    differing = compare(*a_debit_more(*world()), now=NOW)
    assert persisting(differing, clean).is_clean
    late = persisting(clean, differing)
    assert late.is_clean
    assert [one.about for one in late.in_motion] == [differing.differences[0].about]


def test_a_report_names_a_crowd_by_its_number():
    books, chain, seen = world()
    crowd = [
        Undecided(operation_id=str(number), workflow_id=None, recorded_at=NOW)
        for number in range(1_000)
    ]
    report = compare(replace(books, undecided=crowd), chain, seen, now=NOW)
    assert len(report.in_motion) < 250
    assert report.in_motion[-1].detail == "800 more"

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpay.domain.accounts import AccountOk, AccountRefused, ProductNotSold
from billpay.domain.bills import BillerCode, BillType
from billpay.domain.breaker import (
    BUCKET,
    EVERYTHING,
    LONGEST_WINDOW,
    PROBE_LAPSES_AFTER,
    Breaker,
    BreakerRules,
    BreakerState,
    Call,
    Heard,
    Line,
    Question,
    Tally,
    after,
    bucket_of,
    claimed,
    concerns_our_account,
    has_tripped,
    hear,
    line_of,
    may_probe,
    window_begins,
)
from billpay.domain.outcomes import (
    Declined,
    Delivered,
    NeverSeen,
    NotSold,
    Postponed,
    Processing,
    TokenAwaited,
    Whose,
)
from billpay.domain.routing import ProviderName
from billpay.failures import Ambiguous, Evidence, Invalid, Misconfigured, Unavailable
from billpay.store.breaker_tables import RING

NOW = datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC)
RULES = BreakerRules(
    window=timedelta(minutes=5),
    minimum_calls=5,
    failure_share=0.5,
    probe_after=timedelta(seconds=60),
)
LINE = Line("electricity/ekedc")
ADA, BOLA = UUID(int=1), UUID(int=2)
TRIPPED = Tally(calls=6, failures=5, in_a_row=3)


def breaker(line=LINE, **changes):
    return Breaker(provider=ProviderName.FLUTTERWAVE, line=line, **changes)


def opened(line=LINE, **changes):
    facts = {"opened_at": NOW, "next_probe_at": NOW + RULES.probe_after, "reason": "a reason"}
    return breaker(line, **facts | changes)


def call(heard=Heard.FAILED, question=Question.PAY, order=ADA, detail="no answer in time"):
    return Call(
        provider=ProviderName.FLUTTERWAVE,
        line=LINE,
        question=question,
        transaction_id=order,
        heard=heard,
        detail="" if heard is Heard.ANSWERED else detail,
    )


def step(before, heard, tally=TRIPPED, now=NOW):
    return after(before, heard, tally, RULES, now)


# What is heard


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        (Delivered(provider_reference="VT-1"), Heard.ANSWERED),
        (TokenAwaited(provider_reference="VT-1"), Heard.ANSWERED),
        (Processing(), Heard.ANSWERED),
        (Postponed(reason="too soon", retry_after_seconds=35), Heard.ANSWERED),
        (Declined(reason="wrong meter", whose=Whose.CUSTOMER), Heard.ANSWERED),
        (Declined(reason="it failed there", whose=Whose.PROVIDER), Heard.FAILED),
        (NeverSeen(), Heard.ANSWERED),
        (NotSold(), Heard.ANSWERED),
        (AccountOk(), Heard.ANSWERED),
        (AccountRefused(reason="no such meter"), Heard.ANSWERED),
        (ProductNotSold(reason="not on its menu"), Heard.ANSWERED),
        (Invalid("a phone with letters"), Heard.ANSWERED),
        (Unavailable("refused the connection"), Heard.FAILED),
        (Ambiguous("no answer in time"), Heard.FAILED),
        (Misconfigured("unknown variation code"), Heard.FAILED),
        (Misconfigured("our keys were refused"), Heard.OUR_ACCOUNT),
        (Misconfigured("HTTP", evidence=Evidence(http_status=401)), Heard.OUR_ACCOUNT),
        (Misconfigured("HTTP", evidence=Evidence(http_status=403)), Heard.OUR_ACCOUNT),
        (Unavailable("our wallet could not be asked"), Heard.FAILED),
    ],
    ids=lambda value: getattr(value, "kind", None) or type(value).__name__,
)
def test_answers_are_answers_even_when_they_are_no(said, heard):
    """A customer's wrong meter is not the provider's failure; a sale that failed there is."""
    assert hear(said) is heard


@pytest.mark.parametrize(
    "detail",
    [
        "VTPass: our wallet is too low (018)",
        "VTPass: our account is locked (021)",
        "VTPass: our account has no API access (023)",
        "VTPass: our IP address is not whitelisted (027)",
        "VTPass: our keys were refused (087)",
        "VTPass refused our key or address: POST pay, HTTP 401, 2 bytes",
        "VTPass: api-key is empty or holds characters no key has",
        "Flutterwave did not buy: our secret key was refused (HTTP 401)",
        "Flutterwave did not buy: our NGN balance is too low (HTTP 400)",
        "Flutterwave did not buy: no such route; the base URL is wrong (HTTP 404)",
        "our float at vtpass is ₦5: too low for ₦500",
    ],
)
def test_trouble_with_our_account_is_known_by_what_it_names(detail):
    """Fault 44; the words are our own adapters', never a provider's."""
    assert concerns_our_account(Misconfigured(detail))


@pytest.mark.parametrize(
    "detail",
    [
        "VTPass: unknown variation code (010)",
        "VTPass: missing or invalid argument (011)",
        "VTPass: the product is not enabled for our account (028)",
        "Flutterwave: our catalogue holds a code that is gone",
        "Flutterwave lists nothing that is surely electricity of ekedc: prepaid",
        "monkey business",
    ],
)
def test_trouble_with_one_product_is_no_trouble_with_the_account(detail):
    assert not concerns_our_account(Misconfigured(detail))


def test_a_line_is_one_bill_type_of_one_biller():
    """MTN's airtime may work while its data does not."""
    mtn = BillerCode("mtn")
    assert line_of(BillType.AIRTIME, mtn) == "airtime/mtn"
    assert line_of(BillType.AIRTIME, mtn) != line_of(BillType.DATA, mtn)


# When it opens


@pytest.mark.parametrize(
    ("calls", "failures", "trips"),
    [
        (0, 0, False),
        (4, 4, False),
        (5, 5, True),
        (5, 2, False),
        (5, 3, True),
        (6, 3, True),
        (100, 49, False),
        (100, 50, True),
    ],
)
def test_enough_failures_of_enough_calls_open_it(calls, failures, trips):
    assert has_tripped(Tally(calls=calls, failures=failures), RULES) is trips


@pytest.mark.parametrize(("in_a_row", "trips"), [(4, False), (5, True), (50, True)])
def test_an_outage_is_noticed_however_much_was_sold_just_before(in_a_row, trips):
    tally = Tally(calls=1_000 + in_a_row, failures=in_a_row, in_a_row=in_a_row)
    assert has_tripped(tally, RULES) is trips


@given(
    st.integers(0, 500).flatmap(lambda calls: st.tuples(st.just(calls), st.integers(0, calls))),
    st.integers(1, 50),
    st.floats(0.01, 1),
    st.data(),
)
def test_more_failures_never_close_and_an_answer_never_opens(counted, minimum, share, data):
    calls, failures = counted
    in_a_row = data.draw(st.integers(0, failures))
    rules = RULES.model_copy(update={"minimum_calls": minimum, "failure_share": share})
    trips = has_tripped(Tally(calls=calls, failures=failures, in_a_row=in_a_row), rules)
    if trips:
        worse = Tally(calls=calls + 1, failures=failures + 1, in_a_row=in_a_row + 1)
        assert failures
        assert calls >= minimum
        assert has_tripped(worse, rules)
    elif calls >= minimum:
        assert not has_tripped(Tally(calls=calls + 1, failures=failures), rules)


def test_it_opens_with_the_failure_that_trips_it_and_says_why():
    then = step(breaker(), call())
    assert then.opened_at == NOW
    assert then.next_probe_at == NOW + RULES.probe_after
    assert (
        then.reason == "5 of 6 purchases failed within 300 s, 3 in a row, last: no answer in time"
    )
    assert (then.last_failure_at, then.last_failure) == (NOW, "no answer in time")


def test_an_answer_opens_nothing_whatever_was_counted():
    assert step(breaker(), call(Heard.ANSWERED)) == breaker()


def test_a_failure_that_trips_nothing_is_only_noted():
    then = step(breaker(), call(), Tally(calls=3, failures=3))
    assert not then.is_open
    assert then.last_failure == "no answer in time"


def test_trouble_with_our_account_opens_everything_at_once():
    """Faults 43 and 44: an empty float or a refused key fails every line, and no window mends it."""
    trouble = call(Heard.OUR_ACCOUNT, detail="our wallet is too low")
    then = step(breaker(EVERYTHING), trouble, Tally(calls=1, failures=1))
    assert then.is_open
    assert then.reason == "our wallet is too low"
    assert not step(breaker(), trouble).is_open


def test_a_line_that_fails_leaves_the_other_lines_alone():
    assert not step(breaker(EVERYTHING), call()).is_open


# Half-open


def test_nobody_tries_it_too_early():
    waits = opened()
    assert waits.state(NOW) is BreakerState.OPEN
    assert not may_probe(waits, ADA, NOW + RULES.probe_after - timedelta(microseconds=1))
    assert may_probe(waits, ADA, NOW + RULES.probe_after)
    assert waits.state(NOW + RULES.probe_after) is BreakerState.HALF_OPEN


def test_one_order_at_a_time_tries_it():
    due = NOW + RULES.probe_after
    tried = claimed(opened(), ADA, due)
    assert tried.state(due) is BreakerState.HALF_OPEN
    assert may_probe(tried, ADA, due)
    assert not may_probe(tried, BOLA, due + PROBE_LAPSES_AFTER - timedelta(seconds=1))
    assert claimed(tried, ADA, due + timedelta(seconds=30)) == tried


def test_a_probe_of_which_nothing_is_heard_lapses():
    """Its worker died, or its customer's meter was wrong."""
    due = NOW + RULES.probe_after
    tried = claimed(opened(), ADA, due)
    assert may_probe(tried, BOLA, due + PROBE_LAPSES_AFTER)
    assert claimed(tried, BOLA, due + PROBE_LAPSES_AFTER).probing == BOLA


@pytest.mark.parametrize("line", [LINE, EVERYTHING])
def test_a_probe_that_is_answered_closes_it(line):
    tried = claimed(opened(line), ADA, NOW)
    then = step(tried, call(Heard.ANSWERED))
    assert not then.is_open
    assert (then.probing, then.next_probe_at) == (None, None)
    assert then.state(NOW) is BreakerState.CLOSED


@pytest.mark.parametrize("line", [LINE, EVERYTHING])
@pytest.mark.parametrize("heard", [Heard.FAILED, Heard.OUR_ACCOUNT])
@pytest.mark.parametrize("question", Question)
def test_a_probe_that_fails_leaves_it_open_until_the_next(line, heard, question):
    later = NOW + timedelta(minutes=3)
    tried = claimed(opened(line), ADA, later)
    then = step(tried, call(heard, question), now=later)
    assert then.opened_at == NOW
    assert then.probing is None
    assert then.next_probe_at == later + RULES.probe_after


def test_an_answer_about_the_account_is_no_sale_yet():
    tried = claimed(opened(), ADA, NOW)
    assert step(tried, call(Heard.ANSWERED, Question.VERIFY)) == tried


def test_what_others_hear_of_an_open_one_changes_nothing_but_the_last_failure():
    """They may have asked before it opened: in a brownout each late answer would close it again."""
    tried = claimed(opened(), ADA, NOW)
    assert step(tried, call(Heard.ANSWERED, order=BOLA)) == tried
    noted = step(tried, call(order=BOLA))
    forgotten = {"last_failure_at": None, "last_failure": None}
    assert noted.model_copy(update=forgotten) == tried


calls = st.builds(
    call,
    st.sampled_from(Heard),
    st.sampled_from(Question),
    st.sampled_from([ADA, BOLA]),
)
moves = st.tuples(st.sampled_from(["claim", "hear"]), calls, st.integers(0, 400))


@given(st.sampled_from([LINE, EVERYTHING]), st.lists(moves, max_size=40))
def test_whatever_happens_a_breaker_stays_in_one_of_its_states(line, history):
    """Closed knows no probe; open always has a moment from which it is tried again; only the probe's sale closes it."""
    now, one = NOW, breaker(line)
    for move, heard, seconds in history:
        now += timedelta(seconds=seconds)
        before = one
        if move == "claim" and may_probe(one, heard.transaction_id, now):
            one = claimed(one, heard.transaction_id, now)
        elif move == "hear":
            one = step(one, heard, now=now)
        assert (one.opened_at is None) == (one.next_probe_at is None)
        assert one.probing is None or one.is_open
        if one.is_open:
            longest = max(PROBE_LAPSES_AFTER, RULES.probe_after)
            assert one.next_probe_at <= now + longest
            assert may_probe(one, UUID(int=3), now + longest)
        if before.is_open and not one.is_open:
            assert move == "hear"
            assert before.probing == heard.transaction_id
            assert (heard.heard, heard.question) == (Heard.ANSWERED, Question.PAY)


# The window


def test_a_window_begins_with_a_whole_minute():
    assert bucket_of(NOW) == datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    assert window_begins(NOW, RULES) == datetime(2026, 11, 23, 11, 55, tzinfo=UTC)


@given(st.datetimes(timezones=st.just(UTC)), st.integers(60, int(LONGEST_WINDOW.total_seconds())))
def test_every_minute_of_a_window_has_a_place_of_its_own(now, seconds):
    if now.year < 1971:
        now = now.replace(year=1971)
    rules = RULES.model_copy(update={"window": timedelta(seconds=seconds)})
    minutes = (bucket_of(now) - window_begins(now, rules)) // BUCKET + 1
    assert minutes <= RING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from billpay.domain.outcomes import Declined, NeverSeen, Postponed, Processing, Whose
from billpay.failures import Ambiguous, Misconfigured, Unavailable
from billpay.providers.vtpass_answers import Asked, read_sale
from billpay.providers.vtpass_codes import CODES, blames_us, code_in, list_code_in

BY_STATUS = "by status"
OURS, THEIRS = Whose.CUSTOMER, Whose.PROVIDER

# The table of vtpass.com/documentation/response-codes: code, on pay, on requery.
DOCUMENTED = [
    ("000", BY_STATUS, BY_STATUS),
    ("001", BY_STATUS, BY_STATUS),
    ("010", Misconfigured, Misconfigured),
    ("011", Misconfigured, Misconfigured),
    ("012", Misconfigured, Misconfigured),
    ("013", OURS, Processing),
    ("014", Ambiguous, Processing),
    ("015", Ambiguous, NeverSeen),
    ("016", THEIRS, THEIRS),
    ("017", OURS, Processing),
    ("018", Misconfigured, Misconfigured),
    ("019", Postponed, Postponed),
    ("020", Ambiguous, Processing),
    ("021", Misconfigured, Misconfigured),
    ("022", Misconfigured, Misconfigured),
    ("023", Misconfigured, Misconfigured),
    ("024", Misconfigured, Misconfigured),
    ("025", OURS, Processing),
    ("026", OURS, Processing),
    ("027", Misconfigured, Misconfigured),
    ("028", Misconfigured, Misconfigured),
    ("030", Unavailable, Processing),
    ("031", OURS, Processing),
    ("032", OURS, Processing),
    ("034", Misconfigured, Misconfigured),
    ("035", Misconfigured, Misconfigured),
    ("040", THEIRS, THEIRS),
    ("044", Ambiguous, Processing),
    ("083", Ambiguous, Processing),
    ("085", Postponed, Misconfigured),
    ("087", Misconfigured, Misconfigured),
    ("089", Ambiguous, Processing),
    ("091", Unavailable, THEIRS),
    ("099", Processing, Processing),
    ("500", Ambiguous, Processing),
    ("XYZ", Ambiguous, Processing),
]
ASKED = [
    (row[0], asked, row[column])
    for row in DOCUMENTED
    for column, asked in ((1, Asked.PAY), (2, Asked.REQUERY))
]


def test_no_code_is_in_the_table_that_is_not_documented():
    assert CODES.keys() == {code for code, *_ in DOCUMENTED} - {"500", "XYZ"}


@pytest.mark.parametrize(("code", "asked", "expected"), ASKED)
def test_every_code_means_what_its_table_says(code, asked, expected, purchase, reply):
    """I4, I13: only a definite refusal may lead to another purchase; whatever is unclear keeps asking."""
    refusal = reply({"code": code, "response_description": "WORDS", "content": {"errors": []}})
    if isinstance(expected, type) and issubclass(expected, Exception):
        with pytest.raises(expected) as failure:
            read_sale(refusal, purchase(), "202611230901abc", asked)
        assert type(failure.value) is expected
        assert failure.value.evidence.code == code
        assert failure.value.evidence.request_id == "202611230901abc"
        return
    if expected is BY_STATUS:
        with pytest.raises(Ambiguous if asked is Asked.PAY else Unavailable):
            read_sale(refusal, purchase(), "202611230901abc", asked)
        return
    answer = read_sale(refusal, purchase(), "202611230901abc", asked)
    assert answer.outcome.code == code
    assert answer.body == refusal.text
    if isinstance(expected, Whose):
        assert isinstance(answer.outcome, Declined)
        assert answer.outcome.whose is expected
        assert answer.outcome.reason[0].isupper()
    else:
        assert type(answer.outcome) is expected


@given(code=st.text())
def test_an_unlisted_code_never_permits_another_purchase(code, purchase, reply):
    """Fault 36: VTPass calls whatever it does not list pending."""
    assume(code.strip().zfill(3) not in CODES)
    with pytest.raises(Ambiguous):
        read_sale(reply({"code": code}), purchase(), "202611230901abc", Asked.PAY)


@pytest.mark.parametrize(
    ("written", "read"), [("016", "016"), (16, "016"), (0, "000"), (" 99 ", "099")]
)
def test_codes_may_be_numbers(written, read):
    """Fault 36: numeric and textual codes are the same."""
    assert code_in({"code": written}) == read


@pytest.mark.parametrize(
    "none", [{}, {"code": None}, {"code": ""}, {"code": []}, {"code": "A TEXT"}]
)
def test_an_answer_may_carry_no_code(none):
    assert code_in(none) is None


def test_lists_keep_their_code_in_the_description():
    assert list_code_in({"response_description": "000", "content": []}) == "000"
    assert list_code_in({"code": "087", "response_description": "INVALID CREDENTIALS"}) == "087"


def test_only_codes_about_our_account_blame_us():
    assert {code for code in CODES if blames_us(code)} == {
        code for code, _, on_requery in DOCUMENTED if on_requery is Misconfigured
    }


def test_a_look_alike_waits_longer_than_the_window(purchase, reply):
    """Fault 41: a legitimate second purchase is delayed, not refunded; VTPass's window is 30 seconds."""
    answer = read_sale(reply({"code": "019"}), purchase(), "202611230901abc", Asked.PAY)
    assert answer.outcome.retry_after_seconds == 35


def test_a_request_id_of_yesterday_may_be_replaced_at_once(purchase, reply):
    """Fault 42: the id is refused for its date; a new one needs no wait."""
    answer = read_sale(reply({"code": "085"}), purchase(), "202611230901abc", Asked.PAY)
    assert answer.outcome.retry_after_seconds <= 1

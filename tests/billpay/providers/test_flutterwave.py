import asyncio
import json
import logging

import httpx
import pytest
from pydantic import SecretStr

from billpay.domain.accounts import AccountOk, AccountRefused
from billpay.domain.bills import BILLERS, BillerCode, BillType
from billpay.domain.money import Kobo, naira
from billpay.domain.outcomes import Declined, Delivered, NeverSeen, Processing, Whose
from billpay.domain.routing import ProviderName
from billpay.failures import Ambiguous, Failure, Misconfigured, Unavailable
from billpay.providers.base import Purchase
from billpay.providers.flutterwave import Flutterwave

REQUEST_ID = "202611230901abc123def456"
TX_REF = "CF-FLYAPI-20240324091413750321"
AIRTIME = {
    "top-bill-categories": [{"code": "AIRTIME", "name": "Airtime"}],
    "billers": [{"biller_code": "BIL99", "name": "MTN"}],
    "items": [{"item_code": "AT99", "name": "MTN VTU", "amount": 0, "is_resolvable": True}],
}
POWER = {
    "top-bill-categories": [{"code": "UTILITYBILLS", "name": "Utility Bills"}],
    "billers": [{"biller_code": "BIL113", "name": "IKEJA DISCO ELECTRICITY BILLS"}],
    "items": [{"item_code": "UB159", "name": "IKEDC  PREPAID", "amount": 0, "fee": 100}],
}
ACCEPTED = {"tx_ref": TX_REF, "amount": 5000}
GOOD = {"response_code": "00", "name": "ADA OBI", "customer": "45012345678"}
SOLD = {
    "customer_reference": REQUEST_ID,
    "status": "successful",
    "tx_ref": TX_REF,
    "amount": "5000.0000",
}


class Answers:
    """Answers each last part of a path with one `data`, or with a whole response, and keeps what was asked."""

    def __init__(self, told, **more):
        self.told = told | more
        self.requests = []

    def __call__(self, request):
        self.requests.append(request)
        told = self.told[request.url.path.rsplit("/", 1)[1]]
        if isinstance(told, httpx.Response):
            return told
        return httpx.Response(200, json={"status": "success", "message": "", "data": told})

    @property
    def paths(self):
        return [request.url.path.split("/v3/")[1] for request in self.requests]


def refusal(message, http_status=400):
    return httpx.Response(http_status, json={"status": "error", "message": message, "data": None})


@pytest.fixture
def flutterwave(keys):
    def make(answer, base_url="https://x.test/v3", key=None):
        return Flutterwave(
            base_url=base_url,
            secret_key=SecretStr(key or keys["secret_key"]),
            transport=httpx.MockTransport(answer),
        )

    return make


@pytest.mark.parametrize("address", ["https://x.test", "https://x.test/v3", "https://x.test/v3/"])
async def test_the_address_may_or_may_not_end_in_v3(flutterwave, address):
    answers = Answers({"NGN": {"currency": "NGN", "available_balance": 1}})
    await flutterwave(answers, address).float_balance()
    assert str(answers.requests[0].url) == "https://x.test/v3/balances/NGN"


async def test_every_question_carries_the_key_and_says_that_it_is_json(flutterwave, purchase, keys):
    """A status question without a content type was seen to be answered "Transaction not found"."""
    answers = Answers(POWER, payment=ACCEPTED, validate=GOOD, **{REQUEST_ID: SOLD})
    adapter = flutterwave(answers)
    await adapter.verify_account(purchase())
    await adapter.buy(purchase(), REQUEST_ID)
    await adapter.requery(purchase(), REQUEST_ID)
    for request in answers.requests:
        assert request.headers["authorization"] == f"Bearer {keys['secret_key']}"
        assert request.headers["content-type"] == "application/json"


async def test_a_payment_names_our_reference_and_the_exact_amount(flutterwave, purchase):
    """I17."""
    answers = Answers(POWER, payment=ACCEPTED)
    buying = purchase(amount=naira("12041.38"))
    answer = await flutterwave(answers).buy(buying, REQUEST_ID)
    assert isinstance(answer.outcome, Processing)
    payment = answers.requests[-1]
    assert payment.method == "POST"
    assert answers.paths[-1] == "billers/BIL113/items/UB159/payment"
    assert json.loads(payment.content, parse_float=str) == {
        "country": "NG",
        "customer_id": "45012345678",
        "amount": "12041.38",
        "reference": REQUEST_ID,
    }


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        ("0.01", b":0.01,"),
        ("0.10", b":0.10,"),
        ("5000", b":5000,"),
        ("999999999.99", b":999999999.99,"),
    ],
)
async def test_an_amount_is_written_digit_by_digit(flutterwave, purchase, amount, written):
    answers = Answers(AIRTIME, payment=ACCEPTED)
    await flutterwave(answers).buy(purchase(BillType.AIRTIME, amount=naira(amount)), REQUEST_ID)
    assert b'"amount"' + written in answers.requests[-1].content


async def test_a_status_question_is_verbose_and_only_its_target_says_of_whom(flutterwave, purchase):
    """I18: libraries log addresses, so what is asked about is not in them."""
    answers = Answers(POWER, validate=GOOD, **{REQUEST_ID: SOLD})
    adapter = flutterwave(answers)
    await adapter.verify_account(purchase())
    await adapter.requery(purchase(), REQUEST_ID)
    validation, status = answers.requests[-2:]
    assert validation.extensions["target"] == (
        b"/v3/bill-items/UB159/validate?code=BIL113&customer=45012345678"
    )
    assert status.extensions["target"] == f"/v3/bills/{REQUEST_ID}?verbose=1".encode()
    assert not any(request.url.query for request in answers.requests)


async def test_a_bill_is_asked_for_by_their_name_where_ours_is_unknown(flutterwave, purchase):
    """Whether every account finds a bill by the merchant's reference is not documented."""
    answers = Answers({REQUEST_ID: refusal("Transaction not found"), TX_REF: SOLD})
    adapter = flutterwave(answers)
    buying = purchase(BillType.AIRTIME)
    unknown = await adapter.requery(buying, REQUEST_ID)
    assert unknown.outcome == NeverSeen(code="transaction not found")
    found = await adapter.requery(buying, REQUEST_ID, TX_REF)
    assert isinstance(found.outcome, Delivered)
    assert answers.paths == [f"bills/{REQUEST_ID}"] * 2 + [f"bills/{TX_REF}"]


async def test_a_bill_that_is_known_is_asked_for_once(flutterwave, purchase):
    answers = Answers({REQUEST_ID: SOLD})
    await flutterwave(answers).requery(purchase(BillType.AIRTIME), REQUEST_ID, TX_REF)
    assert answers.paths == [f"bills/{REQUEST_ID}"]


async def test_a_name_of_theirs_cannot_lead_elsewhere(flutterwave, purchase):
    targets = []

    def answer(request):
        targets.append(request.extensions["target"])
        return refusal("Transaction not found")

    await flutterwave(answer).requery(purchase(), REQUEST_ID, "../../transfers")
    assert targets[1] == b"/v3/bills/..%2F..%2Ftransfers?verbose=1"


async def test_it_offers_every_biller_we_know(flutterwave):
    adapter = flutterwave(Answers({}))
    assert adapter.name is ProviderName.FLUTTERWAVE
    assert all(adapter.sells(kind, b.code) for b in BILLERS for kind in b.bill_types)
    assert not adapter.sells(BillType.AIRTIME, BillerCode("dstv"))


async def test_a_phone_is_not_validated(flutterwave, purchase):
    answers = Answers(AIRTIME)
    assert await flutterwave(answers).verify_account(purchase(BillType.AIRTIME)) == AccountOk()
    assert [path.rsplit("/", 1)[-1] for path in answers.paths] == [
        "top-bill-categories",
        "billers",
        "items",
    ]


async def test_an_item_that_cannot_be_validated_is_taken_as_it_is(flutterwave, purchase):
    items = [{"item_code": "UB159", "name": "PREPAID", "amount": 0, "is_resolvable": False}]
    answers = Answers(POWER | {"items": items})
    assert await flutterwave(answers).verify_account(purchase()) == AccountOk()


async def test_a_code_that_is_gone_is_found_anew(flutterwave, purchase):
    """Codes change without notice; the next order must not meet the same refusal."""
    answers = Answers(
        POWER, validate=refusal("Invalid item code"), payment=refusal("Invalid biller")
    )
    adapter = flutterwave(answers)
    for call in (adapter.verify_account(purchase()), adapter.buy(purchase(), REQUEST_ID)):
        with pytest.raises(Misconfigured, match="a code that is gone"):
            await call
    assert answers.paths.count("billers/BIL113/items") == 2
    answers.told |= {"validate": GOOD, "payment": refusal("Please enable IP Whitelisting")}
    await adapter.verify_account(purchase())
    with pytest.raises(Misconfigured, match="not whitelisted"):
        await adapter.buy(purchase(), REQUEST_ID)
    await adapter.verify_account(purchase())
    assert answers.paths.count("billers/BIL113/items") == 3


async def test_a_purchase_that_cannot_be_prepared_was_not_sent(flutterwave, purchase):
    answers = Answers(POWER | {"items": httpx.Response(503)})
    with pytest.raises(Unavailable):
        await flutterwave(answers).buy(purchase(), REQUEST_ID)
    assert not any(path.endswith("payment") for path in answers.paths)


@pytest.mark.parametrize(
    ("address", "key", "is_live"),
    [
        ("https://api.flutterwave.com/v3", "FLWSECK-x", True),
        ("https://API.flutterwave.com", "anything", True),
        ("https://api.flutterwave.com/v3", "FLWSECK_TEST-x", False),
        ("http://127.0.0.1:8700/flutterwave/v3", "FLWSECK-x", False),
        ("https://notflutterwave.com", "FLWSECK-x", False),
    ],
)
async def test_the_key_decides_whether_money_is_real(flutterwave, address, key, is_live):
    assert flutterwave(Answers({}), address, key).is_live is is_live


async def test_a_test_account_buys_nothing_where_money_is_real(flutterwave, purchase):
    """Fault 53: refused by both verbs, and not a byte is sent."""
    answers = Answers({})
    live = flutterwave(answers, "https://api.flutterwave.com", "FLWSECK-x")
    card = purchase(BillType.CABLE_TV, account_number="0025401100")
    assert isinstance(await live.verify_account(card), AccountRefused)
    answer = await live.buy(card, REQUEST_ID)
    assert isinstance(answer.outcome, Declined)
    assert answer.outcome.whose is Whose.CUSTOMER
    assert answers.requests == []


@pytest.mark.parametrize(
    ("bill_type", "biller", "lists", "sells"),
    [
        (BillType.AIRTIME, "mtn", AIRTIME, True),
        (BillType.ELECTRICITY, "ikedc", POWER, True),
        (BillType.ELECTRICITY, "abedc", POWER, False),
    ],
)
async def test_open_amounts_have_no_menu_but_codes(flutterwave, bill_type, biller, lists, sells):
    adapter = flutterwave(Answers(lists))
    assert await adapter.products(bill_type, BillerCode(biller)) == []
    assert adapter.sells(bill_type, BillerCode(biller)) is sells


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"currency": "NGN", "available_balance": 1081.829}, Kobo(108_182)),
        ({"currency": "NGN", "available_balance": "0"}, Kobo(0)),
        (
            [
                {"currency": "USD", "available_balance": 9},
                {"currency": "NGN", "available_balance": 1},
            ],
            Kobo(100),
        ),
        ([{"currency": "USD", "available_balance": 9}], Unavailable),
        ({"currency": "NGN", "available_balance": None}, Unavailable),
        ({"currency": "NGN", "ledger_balance": 5}, Unavailable),
        (None, Unavailable),
        (refusal("Please enable IP Whitelisting"), Misconfigured),
        (refusal("Something new"), Unavailable),
    ],
)
async def test_the_float_is_read_to_the_kobo_we_surely_have(flutterwave, data, expected):
    """I22: what is available, rounded down, and no number at all rather than a wrong one."""
    adapter = flutterwave(Answers({"NGN": data}))
    if isinstance(expected, int):
        assert await adapter.float_balance() == expected
        return
    with pytest.raises(expected):
        await adapter.float_balance()


class Broken(Purchase):
    """A purchase that can be written and not be read about."""

    @property
    def wants_token(self):
        raise ZeroDivisionError("a token may stand here")


async def test_a_bug_while_reading_a_payment_leaves_it_in_doubt(flutterwave, purchase):
    """I13: the money may have moved before the bug struck."""
    adapter = flutterwave(Answers(POWER, payment=ACCEPTED, **{REQUEST_ID: SOLD}))
    buying = Broken(**vars(purchase()))
    with pytest.raises(Ambiguous) as failure:
        await adapter.buy(buying, REQUEST_ID)
    assert "ZeroDivisionError in wants_token" in failure.value.detail
    assert "token may stand" not in failure.value.detail
    with pytest.raises(ZeroDivisionError):
        await adapter.requery(buying, REQUEST_ID)


@pytest.mark.parametrize(
    "answer",
    [
        lambda request: httpx.Response(401, text=str(request.headers)),
        lambda request: httpx.Response(302, headers={"Location": str(request.headers)[:50]}),
        lambda request: httpx.Response(200, text=str(dict(request.headers))),
        lambda request: refusal(f"Invalid customer {request.headers['authorization']}"),
        lambda request: refusal(f"Invalid item {request.headers['authorization']}", 404),
    ],
)
async def test_no_key_is_ever_repeated(flutterwave, purchase, keys, caplog, answer):
    """I18: not in messages, not in reprs, not in any library's log, not in the chain of causes."""
    caplog.set_level(logging.DEBUG)
    adapter = flutterwave(answer)
    failures = []
    for call in (
        adapter.buy(purchase(), REQUEST_ID),
        adapter.requery(purchase(), REQUEST_ID),
        adapter.verify_account(purchase()),
        adapter.float_balance(),
    ):
        with pytest.raises(Failure) as raised:
            await call
        failures.append(raised.value)
    said = (
        caplog.text
        + repr(vars(adapter))
        + "".join(
            f"{failure!r} {failure.detail} {failure.customer} {failure.evidence}"
            f"{failure.__cause__!r} {failure.__context__!r}"
            for failure in failures
        )
    )
    assert keys["secret_key"] not in said


@pytest.mark.parametrize("key", ["", "line\nbreak", "clé", "two words"])
async def test_a_key_that_is_none_is_named_and_never_sent(purchase, key):
    answers = Answers({})
    adapter = Flutterwave(
        base_url="https://x.test",
        secret_key=SecretStr(key),
        transport=httpx.MockTransport(answers),
    )
    with pytest.raises(Misconfigured, match="Authorization") as failure:
        await adapter.requery(purchase(), REQUEST_ID)
    assert not key or key not in str(failure.value)
    assert answers.requests == []


async def test_purchases_at_once_do_not_mix_their_bills(flutterwave, purchase):
    answers = Answers(POWER)

    def echo(request):
        if request.method == "GET":
            return answers(request)
        body = json.loads(request.content)
        return httpx.Response(
            200, json={"status": "success", "data": {"tx_ref": f"CF-{body['reference']}"}}
        )

    adapter = flutterwave(echo)
    bought = await asyncio.gather(*(adapter.buy(purchase(), f"id{n}") for n in range(20)))
    assert [answer.outcome.provider_reference for answer in bought] == [
        f"CF-id{n}" for n in range(20)
    ]


async def test_closing_releases_the_connections(flutterwave):
    adapter = flutterwave(Answers({}))
    await adapter.close()
    with pytest.raises(Unavailable):
        await adapter.float_balance()

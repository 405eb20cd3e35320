import json
import logging

import httpx
import pytest
from pydantic import SecretStr

from billpay.domain.accounts import AccountOk, AccountRefused
from billpay.domain.bills import BILLERS, BillerCode, BillType
from billpay.domain.money import Kobo
from billpay.domain.outcomes import Declined, Delivered, NeverSeen, Whose
from billpay.domain.routing import ProviderName
from billpay.failures import Ambiguous, Failure, Misconfigured, Unavailable
from billpay.providers.vtpass import VTPass

REQUEST_ID = "202611230901abc123def456"
SOLD = {
    "code": "000",
    "content": {"transactions": {"status": "delivered", "transactionId": "1", "amount": 5000}},
    "requestId": REQUEST_ID,
}
LISTED = {
    "response_description": "000",
    "content": {
        "variations": [{"variation_code": "plan", "name": "Plan", "variation_amount": "5000.00"}]
    },
}


class Answers:
    """Answers each path with one document and keeps what was asked."""

    def __init__(self, **documents):
        self.documents = {path.replace("_", "-"): told for path, told in documents.items()}
        self.requests = []

    def __call__(self, request):
        self.requests.append(request)
        return httpx.Response(200, json=self.documents[request.url.path.rsplit("/", 1)[1]])

    @property
    def paths(self):
        return [request.url.path.rsplit("/", 1)[1] for request in self.requests]


@pytest.mark.parametrize("address", ["https://x.test", "https://x.test/api", "https://x.test/api/"])
async def test_the_address_may_or_may_not_end_in_api(vtpass, purchase, address):
    answers = Answers(pay=SOLD)
    await vtpass(answers, address).buy(purchase(BillType.AIRTIME), REQUEST_ID)
    assert str(answers.requests[0].url) == "https://x.test/api/pay"


async def test_questions_carry_the_public_key_and_purchases_the_secret_one(vtpass, purchase, keys):
    """VTPass answers 087 to the wrong one of the two."""
    answers = Answers(pay=SOLD, service_variations=LISTED)
    adapter = vtpass(answers)
    await adapter.buy(purchase(BillType.AIRTIME), REQUEST_ID)
    await adapter.products(BillType.DATA, BillerCode("mtn"))
    post, get = (request.headers for request in answers.requests)
    assert (post["api-key"], post["secret-key"]) == (keys["api_key"], keys["secret_key"])
    assert (get["api-key"], get["public-key"]) == (keys["api_key"], keys["public_key"])
    assert "public-key" not in post
    assert "secret-key" not in get
    assert post["content-type"] == "application/json"


async def test_it_sells_every_biller_we_know(vtpass):
    adapter = vtpass(Answers())
    assert adapter.name is ProviderName.VTPASS
    assert all(adapter.sells(kind, b.code) for b in BILLERS for kind in b.bill_types)
    assert not adapter.sells(BillType.AIRTIME, BillerCode("dstv"))


async def test_a_phone_is_not_verified_over_the_wire(vtpass, purchase):
    answers = Answers()
    assert await vtpass(answers).verify_account(purchase(BillType.AIRTIME)) == AccountOk()
    assert answers.paths == []


async def test_a_data_plan_is_checked_against_the_catalogue(vtpass, purchase):
    answers = Answers(service_variations=LISTED)
    adapter = vtpass(answers)
    good = await adapter.verify_account(purchase(BillType.DATA, product_code="plan"))
    assert good == AccountOk()
    changed = purchase(BillType.DATA, product_code="plan", amount=Kobo(499_999))
    refused = AccountRefused(reason="Plan now costs ₦5,000", price=Kobo(500_000))
    assert await adapter.verify_account(changed) == refused
    assert answers.paths == ["service-variations"] * 2
    assert answers.requests[0].extensions["target"].endswith(b"?serviceID=mtn-data")


async def test_a_package_is_checked_after_its_smartcard(vtpass, purchase):
    verified = {"code": "000", "content": {"Customer_Name": "ADA OBI"}}
    answers = Answers(merchant_verify=verified, service_variations=LISTED)
    verdict = await vtpass(answers).verify_account(purchase(BillType.CABLE_TV, product_code="plan"))
    assert verdict == AccountOk(holder="ADA OBI")
    assert answers.paths == ["merchant-verify", "service-variations"]


async def test_a_wrong_smartcard_is_not_asked_for_its_price(vtpass, purchase):
    answers = Answers(merchant_verify={"code": "000", "content": {"WrongBillersCode": True}})
    verdict = await vtpass(answers).verify_account(purchase(BillType.CABLE_TV, product_code="plan"))
    assert verdict == AccountRefused(reason="Smartcard number not found")
    assert answers.paths == ["merchant-verify"]


async def test_showmax_is_known_by_phone_and_not_verified(vtpass, purchase):
    answers = Answers(service_variations=LISTED)
    showmax = purchase(
        BillType.CABLE_TV,
        biller=BillerCode("showmax"),
        account_number="08031234567",
        product_code="plan",
    )
    assert await vtpass(answers).verify_account(showmax) == AccountOk()
    assert answers.paths == ["service-variations"]


async def test_a_trigger_account_buys_nothing_where_money_is_real(vtpass, purchase):
    """Fault 53: refused by both verbs, and not a byte is sent."""
    answers = Answers()
    live = vtpass(answers, "https://vtpass.com/api")
    meter = purchase(account_number="1111111111111")
    assert live.is_live
    assert isinstance(await live.verify_account(meter), AccountRefused)
    answer = await live.buy(meter, REQUEST_ID)
    assert isinstance(answer.outcome, Declined)
    assert answer.outcome.whose is Whose.CUSTOMER
    assert answers.requests == []


@pytest.mark.parametrize("bill_type", [BillType.AIRTIME, BillType.ELECTRICITY])
async def test_open_amounts_have_no_menu(vtpass, bill_type):
    answers = Answers()
    biller = BillerCode("mtn" if bill_type is BillType.AIRTIME else "ikedc")
    assert await vtpass(answers).products(bill_type, biller) == []
    assert answers.requests == []


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"code": 1, "contents": {"balance": 1081.829}}, Kobo(108_182)),
        ({"code": "1", "contents": {"balance": "0"}}, Kobo(0)),
        ({"code": "087", "response_description": "INVALID CREDENTIALS"}, Misconfigured),
        ({"code": 1, "contents": {"balance": None}}, Unavailable),
        ({"contents": {"balance": 5}}, Unavailable),
        ({"code": "083"}, Unavailable),
    ],
)
async def test_the_float_is_read_to_the_kobo_we_surely_have(vtpass, document, expected):
    """I22: rounded down, and no number at all rather than a wrong one."""
    adapter = vtpass(Answers(balance=document))
    if isinstance(expected, int):
        assert await adapter.float_balance() == expected
        return
    with pytest.raises(expected):
        await adapter.float_balance()


async def test_a_requery_sends_the_request_id_and_nothing_else(vtpass, purchase):
    answers = Answers(requery={"code": "015", "content": {"errors": []}})
    answer = await vtpass(answers).requery(purchase(), REQUEST_ID)
    assert answer.outcome == NeverSeen(code="015")
    assert json.loads(answers.requests[0].content) == {"request_id": REQUEST_ID}


async def test_a_sale_is_delivered_with_the_body_it_came_in(vtpass, purchase):
    answer = await vtpass(Answers(pay=SOLD)).buy(purchase(BillType.AIRTIME), REQUEST_ID)
    assert isinstance(answer.outcome, Delivered)
    assert json.loads(answer.body) == SOLD


async def test_a_bug_while_reading_a_sale_leaves_it_in_doubt(vtpass, purchase, monkeypatch):
    """I13: the money may have moved before the bug struck."""

    def broken(*_):
        raise KeyError("a token may stand here")

    monkeypatch.setattr("billpay.providers.vtpass.read_sale", broken)
    adapter = vtpass(Answers(pay=SOLD, requery=SOLD))
    with pytest.raises(Ambiguous) as failure:
        await adapter.buy(purchase(BillType.AIRTIME), REQUEST_ID)
    assert "KeyError in broken" in failure.value.detail
    assert "token may stand" not in failure.value.detail
    with pytest.raises(KeyError):
        await adapter.requery(purchase(BillType.AIRTIME), REQUEST_ID)


@pytest.mark.parametrize(
    "answer",
    [
        lambda request: httpx.Response(200, json={"code": "087"}),
        lambda request: httpx.Response(401, text=str(request.headers)),
        lambda request: httpx.Response(302, headers={"Location": str(request.headers)[:50]}),
        lambda request: httpx.Response(200, text=str(dict(request.headers))),
    ],
)
async def test_no_key_is_ever_repeated(vtpass, purchase, keys, caplog, answer):
    """I18: not in messages, not in reprs, not in any library's log, not in the chain of causes."""
    caplog.set_level(logging.DEBUG)
    adapter = vtpass(answer)
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
    assert not any(key in said for key in keys.values())


@pytest.mark.parametrize("key", ["", "line\nbreak", "clé", "two words"])
async def test_a_key_that_is_none_is_named_and_never_sent(purchase, key):
    answers = Answers()
    adapter = VTPass(
        base_url="https://x.test",
        api_key=SecretStr("a"),
        public_key=SecretStr("b"),
        secret_key=SecretStr(key),
        transport=httpx.MockTransport(answers),
    )
    with pytest.raises(Misconfigured, match="secret-key") as failure:
        await adapter.buy(purchase(), REQUEST_ID)
    assert not key or key not in str(failure.value)
    assert answers.requests == []


async def test_closing_releases_the_connections(vtpass):
    adapter = vtpass(Answers())
    await adapter.close()
    with pytest.raises(Unavailable):
        await adapter.float_balance()

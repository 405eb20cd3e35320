"""Flutterwave's wire format, over real sockets: key, shapes, the envelope, switches."""

import re
from datetime import UTC, datetime, timedelta
from json import JSONDecodeError

import httpx
import pytest
from fastapi import FastAPI

from billpay.domain.tokens import parse_token
from billpay.sandbox.flutterwave import flutterwave_router
from billpay.sandbox.flutterwave_shop import FlutterwaveShop
from billpay.sandbox.identities import flutterwave_secret_key
from billpay.sandbox.journal import Journal
from billpay.sandbox.shop_world import shop_world_router

NOON = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
REFERENCE = "202603021200abcdef123456"
HEADERS = {
    "Authorization": f"Bearer {flutterwave_secret_key()}",
    "Content-Type": "application/json",
}


class Hands:
    """A clock that a test moves."""

    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now

    def pass_seconds(self, seconds):
        self.now += timedelta(seconds=seconds)


class Client:
    """A client that sends the right key and finds codes by name."""

    def __init__(self, http):
        self.http = http

    def get(self, path, **query):
        return self.http.get(f"/flutterwave/v3/{path}", params=query, headers=HEADERS)

    def data(self, path, **query):
        return self.get(path, **query).raise_for_status().json()["data"]

    def code(self, rows, name, field):
        return next(row[field] for row in rows if row["name"] == name)

    def codes(self, category, biller, item):
        billers = self.data(f"bills/{category}/billers", country="NG")
        code = self.code(billers, biller, "biller_code")
        return code, self.code(self.data(f"billers/{code}/items"), item, "item_code")

    def pay(self, account="08011111111", codes=None, **changes):
        biller, item = codes or self.codes("AIRTIME", "MTN", "MTN VTU")
        body = {"country": "NG", "customer_id": account, "amount": 500, "reference": REFERENCE}
        url = f"/flutterwave/v3/billers/{biller}/items/{item}/payment"
        return self.http.post(url, json=body | changes, headers=HEADERS)

    def pay_power(self, disco="IKEJA DISCO ELECTRICITY BILLS", item="IKEDC  PREPAID"):
        codes = self.codes("UTILITYBILLS", disco, item)
        return self.pay("1111111111111", codes, amount=5000)

    def status(self, **query):
        return self.get(f"bills/{REFERENCE}", **query or {"verbose": "1"})

    def world(self, path, body):
        return self.http.post(f"/world/flutterwave/{path}", json=body)

    def truth(self):
        return self.http.get("/world/truth/flutterwave").json()


@pytest.fixture
def hands():
    return Hands()


@pytest.fixture
def client(sandbox_stage, hands):
    shop = FlutterwaveShop(hands, Journal(None))
    sandbox_stage.app = FastAPI()
    sandbox_stage.app.include_router(flutterwave_router(shop), prefix="/flutterwave/v3")
    sandbox_stage.app.include_router(shop_world_router(shop), prefix="/world")
    with httpx.Client(base_url=sandbox_stage.url) as http:
        yield Client(http)


def refused(response):
    answer = response.json()
    assert (answer["status"], answer["data"]) == ("error", None)
    return response.status_code, answer["message"]


# Key


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": flutterwave_secret_key()},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"bearer {flutterwave_secret_key()}"},
        {"secret-key": flutterwave_secret_key()},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "top-bill-categories?country=NG"),
        ("GET", "balances/NGN"),
        ("GET", "bills/x?verbose=1"),
        ("GET", "bill-items/UB1/validate?code=BIL1&customer=1"),
        ("POST", "billers/BIL1/items/UB1/payment"),
    ],
)
def test_nothing_is_answered_without_the_key(client, headers, method, path):
    """Fault 44."""
    response = client.http.request(method, f"/flutterwave/v3/{path}", headers=headers)
    assert refused(response) == (401, "Invalid authorization key")
    assert client.truth() == []


# Lists


def test_categories_are_listed_for_nigeria_only(client):
    rows = client.data("top-bill-categories", country="NG")
    assert rows[0] == {
        "id": 1,
        "name": "Airtime",
        "code": "AIRTIME",
        "description": "Airtime",
        "country_code": "NG",
    }
    assert len(rows) == 11
    for country in ("GH", ""):
        response = client.get("top-bill-categories", country=country)
        assert refused(response) == (400, "Country not supported at this time")


@pytest.mark.parametrize(
    ("category", "count"),
    [("AIRTIME", 4), ("MOBILEDATA", 4), ("CABLEBILLS", 4), ("UTILITYBILLS", 12), ("TAX", 0)],
)
def test_billers_are_listed_by_category(client, category, count):
    assert len(client.data(f"bills/{category}/billers", country="NG")) == count


def test_an_unknown_category_or_biller_is_refused(client):
    assert refused(client.get("bills/TOYS/billers", country="NG")) == (400, "Invalid category code")
    assert refused(client.get("billers/BIL000/items")) == (400, "Invalid biller code")


def test_an_item_has_every_field_of_the_real_one(client):
    biller, _ = client.codes("CABLEBILLS", "DSTV", "DSTV Payment")
    row = next(r for r in client.data(f"billers/{biller}/items") if r["name"] == "DSTV COMPACT")
    code = row.pop("item_code")
    assert code.startswith("CB")
    assert row == {
        "id": 3,
        "biller_code": biller,
        "name": "DSTV COMPACT",
        "default_commission": 0.3,
        "date_added": "2020-02-11T11:09:48.087Z",
        "country": "NG",
        "is_airtime": False,
        "biller_name": "DSTV COMPACT",
        "short_name": "DSTV COMPACT",
        "fee": 100,
        "commission_on_fee": True,
        "reg_expression": "^[0-9]+$",
        "label_name": "SmartCard Number",
        "amount": 7900,
        "is_resolvable": True,
        "group_name": "DSTV",
        "category_name": "Cable Bill Payment",
        "is_data": None,
        "default_commission_on_amount": None,
    }


def test_the_balance_is_told_alone_and_among_all(client):
    client.pay()
    wallet = {"currency": "NGN", "available_balance": 9_999_500, "ledger_balance": 9_999_500}
    assert client.data("balances/NGN") == wallet
    assert client.data("balances") == [wallet]


# Validation


def test_a_validated_account_is_told_in_full(client):
    biller, item = client.codes("CABLEBILLS", "DSTV", "DSTV Payment")
    data = client.data(f"bill-items/{item}/validate", code=biller, customer="0025401100")
    assert data == {
        "response_code": "00",
        "address": None,
        "response_message": "Successful",
        "name": "Test DSTV Account",
        "biller_code": biller,
        "customer": "0025401100",
        "product_code": item,
        "email": None,
        "fee": 100,
        "maximum": 0,
        "minimum": 0,
    }


@pytest.mark.parametrize(
    ("account", "answer"),
    [
        ("9999999999", (400, "Invalid customer id")),
        ("670000000000", (503, "An error occurred. Please contact support")),
    ],
)
def test_an_account_may_be_wrong_or_out_of_reach(client, account, answer):
    biller, item = client.codes("CABLEBILLS", "DSTV", "DSTV Payment")
    response = client.get(f"bill-items/{item}/validate", code=biller, customer=account)
    assert refused(response) == answer


def test_an_account_that_cannot_be_served_has_another_response_code(client):
    client.world("accounts/1111111111111", {"verify": "cannot_vend"}).raise_for_status()
    biller, item = client.codes("UTILITYBILLS", "JOS DISCO ELECTRICITY BILLS", "JOS DISCO Prepaid")
    data = client.data(f"bill-items/{item}/validate", code=biller, customer="1111111111111")
    assert (data["response_code"], data["minimum"], data["maximum"]) == ("06", 500, 500_000)


# Payment and status


def test_a_payment_is_told_in_full_and_hides_our_reference(client):
    answer = client.pay_power().json()
    data = answer.pop("data")
    assert answer == {"status": "success", "message": "Bill payment successful"}
    assert parse_token(data.pop("recharge_token"))
    assert data.pop("tx_ref").startswith("CF-FLYAPI-20260302110000")
    assert data.pop("reference") not in (REFERENCE, None)
    assert data == {
        "phone_number": "1111111111111",
        "amount": 5000,
        "network": "IKEDC  PREPAID",
        "code": "200",
        "batch_reference": None,
        "fee": 0,
    }


@pytest.mark.parametrize("account", ["08011111111", "201000000000", "620000000000"])
def test_a_payment_says_the_same_whatever_becomes_of_it(client, account):
    """The envelope trap."""
    answer = client.pay(account).json()
    assert (answer["message"], answer["data"]["code"]) == ("Bill payment successful", "200")


def test_a_status_is_told_in_full_only_when_asked_to_be_verbose(client):
    paid = client.pay_power().json()["data"]
    whole = client.status().json()["data"]
    short = client.status(verbose="0").json()["data"]
    assert (whole.pop("status"), whole.pop("code")) == ("successful", "200")
    assert whole == short
    assert parse_token(whole.pop("extra")["token"]) == paid["recharge_token"]
    assert whole.pop("flw_ref").startswith("BPUSSD")
    assert isinstance(whole.pop("batch_id"), int)
    assert whole == {
        "currency": "NGN",
        "customer_id": "1111111111111",
        "frequency": "One Time",
        "amount": "5000.0000",
        "fee": 0,
        "product": "IKEDC  PREPAID",
        "product_name": None,
        "commission": 0,
        "transaction_date": NOON.isoformat(),
        "customer_reference": REFERENCE,
        "country": "NG",
        "tx_ref": paid["tx_ref"],
        "product_details": "FLY-API-NG-IKEDC  PREPAID",
    }


@pytest.mark.parametrize(
    ("disco", "item", "extra"),
    [
        ("IBADAN DISCO ELECTRICITY BILLS", "IBADAN DISCO ELECTRICITY PREPAID", r"(\d{4} ){4}\d{4}"),
        (
            "JOS DISCO ELECTRICITY BILLS",
            "JOS DISCO Prepaid",
            r"Token: (\d{4}-?){5}, Units: 73.5 kWh",
        ),
        ("BENIN DISCO ELECTRICITY BILLS", "BENIN DISCO PREPAID TOPUP", r"\d{20}"),
    ],
)
def test_each_disco_hands_its_token_over_in_its_own_way(client, disco, item, extra):
    """Fault 46."""
    client.pay_power(disco, item)
    assert re.fullmatch(extra, client.status().json()["data"]["extra"])


def test_a_bill_that_nobody_paid_is_refused_with_400(client):
    assert refused(client.status()) == (400, "Transaction not found")


def test_a_status_question_that_is_not_json_finds_nothing(client):
    """As integrators found out: only the content type was missing."""
    client.pay()
    headers = {"Authorization": HEADERS["Authorization"]}
    response = client.http.get(f"/flutterwave/v3/bills/{REFERENCE}?verbose=1", headers=headers)
    assert refused(response) == (400, "Transaction not found")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'{"amount": NaN}', b"\xff\xfe", b"[" * 100_000]
)
def test_a_body_that_is_no_json_object_lacks_its_fields(client, content):
    biller, item = client.codes("AIRTIME", "MTN", "MTN VTU")
    url = f"/flutterwave/v3/billers/{biller}/items/{item}/payment"
    response = client.http.post(url, content=content, headers=HEADERS)
    assert refused(response) == (400, "customer_id, amount and country are required")


def test_a_second_payment_under_one_reference_is_a_duplicate(client):
    client.pay()
    http_status, message = refused(client.pay())
    assert http_status == 400
    assert message.startswith("Duplicate reference")


# Answers that do not come


def test_a_timeout_of_theirs_is_503_and_hides_a_sale(client):
    """Fault 32."""
    answer = refused(client.pay("500000000000"))
    assert answer == (503, "An error occurred. Please contact support")
    assert client.status().json()["data"]["status"] == "successful"


def test_a_reset_comes_after_the_sale(client):
    """Fault 31."""
    with pytest.raises(httpx.ReadError):
        client.pay("630000000000")
    assert client.status().json()["data"]["status"] == "successful"


def test_a_closed_connection_may_hide_that_nothing_was_made(client):
    with pytest.raises(httpx.RemoteProtocolError):
        client.pay("640000000000")
    assert refused(client.status()) == (400, "Transaction not found")


@pytest.mark.parametrize("account", ["400000000000", "650000000000", "660000000000"])
def test_an_answer_that_is_no_json_has_http_200_and_hides_a_sale(client, account):
    """Faults 34 and 35."""
    response = client.pay(account)
    assert response.status_code == 200
    with pytest.raises(JSONDecodeError):
        response.json()
    assert client.status().json()["data"]["status"] == "successful"


# Switches


def test_a_client_that_is_not_whitelisted_can_only_read_lists(client):
    """Fault 44."""
    client.world("whitelist", {"is_whitelisted": False}).raise_for_status()
    words = (400, "Please enable IP Whitelisting to access this service")
    assert refused(client.pay()) == words
    assert refused(client.status()) == words
    assert client.truth() == []


def test_a_flood_is_answered_with_the_time_to_wait(client):
    """Fault 51."""
    client.world("accounts/08011111111", {"pay": "code", "code": "slow down"}).raise_for_status()
    response = client.pay()
    assert (response.status_code, response.headers["retry-after"]) == (429, "7")


def test_any_sentence_can_be_scripted_and_taken_back(client):
    """Fault 36."""
    account = "accounts/08011111111"
    client.world(account, {"pay": "code", "code": "Kindly retry"}).raise_for_status()
    assert refused(client.pay()) == (400, "Kindly retry")
    client.http.delete(f"/world/flutterwave/{account}").raise_for_status()
    assert client.pay().json()["status"] == "success"


def test_the_truth_has_the_same_fields_as_vtpass_and_the_reversal(client, hands):
    client.pay("690000000000")
    hands.pass_seconds(60)
    client.status()
    biller, item = client.codes("AIRTIME", "MTN", "MTN VTU")
    assert client.truth() == [
        {
            "request_id": REFERENCE,
            "service": biller,
            "account": "690000000000",
            "variation": item,
            "amount_kobo": 50_000,
            "happened": "failed",
            "code": None,
            "sold_at": NOON.isoformat(),
            "reversed_at": hands.now.isoformat(),
            "tokens": [],
            "charged_kobo": 0,
            "pay_calls": 1,
            "requeries": 1,
        }
    ]


def test_the_wallet_can_be_drained_and_filled(client):
    """Fault 43."""
    client.world("wallet", {"balance_kobo": 0}).raise_for_status()
    assert refused(client.pay()) == (400, "Insufficient funds in your wallet")
    client.world("wallet", {"balance_kobo": 50_001}).raise_for_status()
    client.pay().raise_for_status()
    assert client.http.get("/world/flutterwave/wallet").json() == {"balance_kobo": 1}


def test_a_pending_bill_can_be_settled_by_hand(client):
    client.pay("201000000000")
    settled = client.world(f"sales/{REFERENCE}", {"truth": "reversed"})
    assert settled.json() == {"request_id": REFERENCE, "happened": "failed"}
    assert client.status().json()["data"]["status"] == "reversed"
    assert client.world("sales/nobody", {"truth": "failed"}).status_code == 404


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("wallet", {"balance_kobo": -1}),
        ("wallet", {"balance": 1}),
        ("whitelist", {}),
        ("accounts/08011111111", {"pay": "explodes"}),
        ("sales/x", {"truth": "pending"}),
    ],
)
def test_a_switch_that_makes_no_sense_is_refused(client, path, body):
    assert client.world(path, body).status_code == 422

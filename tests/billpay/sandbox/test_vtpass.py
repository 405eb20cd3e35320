"""VTPass's wire format, over real sockets: keys, shapes, broken connections, hidden truth."""

import contextlib
import logging
import socket
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from json import JSONDecodeError

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from billpay.domain.tokens import parse_token
from billpay.sandbox.identities import vtpass_api_key, vtpass_public_key, vtpass_secret_key
from billpay.sandbox.journal import Journal
from billpay.sandbox.shop_world import shop_world_router
from billpay.sandbox.vtpass import vtpass_router
from billpay.sandbox.vtpass_shop import Shop

NOON = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
"""Noon in Lagos."""

REQUEST_ID = "202603021200abcdef12"
GET_KEYS = {"api-key": vtpass_api_key(), "public-key": vtpass_public_key()}
POST_KEYS = {"api-key": vtpass_api_key(), "secret-key": vtpass_secret_key()}
SHORT_SECONDS = 0.3
"""How long a client waits for an answer that never comes."""


class Hands:
    """A clock that a test moves."""

    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now

    def pass_seconds(self, seconds):
        self.now += timedelta(seconds=seconds)


class Vtpass:
    """A client that sends the right keys."""

    def __init__(self, http):
        self.http = http

    def get(self, path, **query):
        return self.http.get(f"/vtpass/api/{path}", params=query, headers=GET_KEYS).json()

    def send(self, path, body):
        return self.http.post(f"/vtpass/api/{path}", json=body, headers=POST_KEYS)

    def post(self, path, body):
        return self.send(path, body).json()

    def requery(self, request_id=REQUEST_ID):
        return self.post("requery", {"request_id": request_id})

    def script(self, account, **words):
        self.http.post(f"/world/vtpass/accounts/{account}", json=words).raise_for_status()

    def truth(self):
        return self.http.get("/world/truth/vtpass").json()


@contextlib.contextmanager
def serving(app):
    """Serve an app on a free loopback port until the block ends."""
    # Named as TCP, or asyncio would leave Nagle's algorithm on and every answer would take 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()
        assert not thread.is_alive(), "the server did not stop"


@pytest.fixture
def hands():
    return Hands()


def noise_in(caplog):
    """What the server complained about."""
    return [r.getMessage() for r in caplog.get_records("call") if r.levelno >= logging.WARNING]


def app_for(shop):
    app = FastAPI()
    app.include_router(vtpass_router(shop), prefix="/vtpass/api")
    app.include_router(shop_world_router(shop), prefix="/world")
    return app


@pytest.fixture(scope="module")
def stage():
    """One server for all tests, each of which puts its own shop on it."""
    playing = {}

    async def app(scope, receive, send):
        await playing["app"](scope, receive, send)

    with serving(app) as url, httpx.Client(base_url=url) as http:
        yield playing, http


@pytest.fixture
def vtpass(hands, stage, caplog):
    """A shop on a socket; fails the test where the server logged a warning or an error."""
    playing, http = stage
    playing["app"] = app_for(Shop(hands, Journal(None)))
    yield Vtpass(http)
    assert noise_in(caplog) == []


def airtime(phone="08011111111", request_id=REQUEST_ID, **changes):
    return (
        {
            "request_id": request_id,
            "serviceID": "mtn",
            "amount": 20,
            "phone": phone,
        }
        | {"amount": 500}
        | changes
    )


def power(meter="1234567890", service_id="eko-electric", **changes):
    return {
        "request_id": REQUEST_ID,
        "serviceID": service_id,
        "billersCode": meter,
        "variation_code": "prepaid",
        "amount": 5000,
        "phone": "08011111111",
    } | changes


# Keys


@pytest.mark.parametrize(
    "path", ["service-categories", "services", "service-variations", "balance"]
)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"api-key": vtpass_api_key()},
        {"public-key": vtpass_public_key()},
        POST_KEYS,
        GET_KEYS | {"api-key": "wrong"},
        GET_KEYS | {"public-key": vtpass_secret_key()},
        {"authorization": "Basic dXNlcjpwYXNz"},
    ],
)
def test_a_get_without_api_and_public_key_is_refused_with_http_200(vtpass, path, headers):
    """Fault 44."""
    response = vtpass.http.get(f"/vtpass/api/{path}", headers=headers)
    assert (response.status_code, response.json()["code"]) == (200, "087")


@pytest.mark.parametrize("path", ["merchant-verify", "pay", "requery"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"api-key": vtpass_api_key()},
        {"secret-key": vtpass_secret_key()},
        GET_KEYS,
        POST_KEYS | {"api-key": "wrong"},
        POST_KEYS | {"secret-key": vtpass_public_key()},
    ],
)
def test_a_post_without_api_and_secret_key_is_refused_and_leaves_no_trace(vtpass, path, headers):
    """Fault 44."""
    response = vtpass.http.post(f"/vtpass/api/{path}", json=airtime(), headers=headers)
    assert (response.status_code, response.json()["code"]) == (200, "087")
    assert vtpass.truth() == []


def test_a_key_too_many_does_no_harm(vtpass):
    keys = GET_KEYS | POST_KEYS
    assert vtpass.http.get("/vtpass/api/balance", headers=keys).json()["code"] == 1
    response = vtpass.http.post("/vtpass/api/pay", json=airtime(), headers=keys)
    assert response.json()["code"] == "000"
    wrong_extra = POST_KEYS | {"public-key": "wrong"}
    response = vtpass.http.post(
        "/vtpass/api/requery", json={"request_id": "x"}, headers=wrong_extra
    )
    assert response.json()["code"] == "015"


# Lists


def test_lists_keep_their_status_in_the_description(vtpass):
    answer = vtpass.get("service-categories")
    assert answer["response_description"] == "000"
    assert "code" not in answer
    assert answer["content"][0] == {"identifier": "airtime", "name": "Airtime Recharge"}
    assert len(answer["content"]) == 7


@pytest.mark.parametrize(
    ("identifier", "count", "first"),
    [
        ("airtime", 4, "mtn"),
        ("data", 5, "mtn-data"),
        ("tv-subscription", 4, "dstv"),
        ("electricity-bill", 12, "ikeja-electric"),
        ("education", 0, None),
    ],
)
def test_services_are_listed_by_category(vtpass, identifier, count, first):
    rows = vtpass.get("services", identifier=identifier)["content"]
    assert len(rows) == count
    assert [row["serviceID"] for row in rows[:1]] == ([first] if first else [])


def test_a_service_row_is_misspelled_as_the_real_one(vtpass):
    row = vtpass.get("services", identifier="data")["content"][0]
    assert row["minimium_amount"] == "1"
    assert row["convinience_fee"] == "N0"
    assert row["product_type"] == "fix"


@pytest.mark.parametrize(("query", "code"), [({}, "011"), ({"identifier": "toys"}, "012")])
def test_an_unknown_category_is_refused_in_the_description(vtpass, query, code):
    assert vtpass.get("services", **query) == {"response_description": code, "content": []}


@pytest.mark.parametrize(("query", "code"), [({}, "011"), ({"serviceID": "toys"}, "012")])
def test_an_unknown_service_has_no_variations(vtpass, query, code):
    assert vtpass.get("service-variations", **query)["response_description"] == code


def test_variations_come_under_both_spellings_with_the_double_code(vtpass):
    content = vtpass.get("service-variations", serviceID="mtn-data")["content"]
    assert content["variations"] == content["varations"]
    prices = [
        row["variation_amount"]
        for row in content["variations"]
        if row["variation_code"] == "mtn-xtratalk-300"
    ]
    assert prices == ["300.00", "200.00"]


def test_the_balance_is_a_number_in_the_plural(vtpass):
    assert vtpass.get("balance") == {"code": 1, "contents": {"balance": 10_000_000}}
    vtpass.post("pay", airtime())
    assert vtpass.get("balance")["contents"]["balance"] == 9_999_517.5


# Pay and requery


def test_delivered_airtime_is_told_in_full(vtpass):
    answer = vtpass.post("pay", airtime(amount=50))
    transaction = answer["content"].pop("transactions")
    assert len(transaction.pop("transactionId")) == 26
    assert answer == {
        "code": "000",
        "content": {},
        "response_description": "TRANSACTION SUCCESSFUL",
        "requestId": REQUEST_ID,
        "amount": 50,
        "transaction_date": "2026-03-02T11:00:00.000000Z",
        "purchased_code": "",
    }
    assert transaction == {
        "status": "delivered",
        "product_name": "MTN Airtime VTU",
        "unique_element": "08011111111",
        "unit_price": "50",
        "quantity": 1,
        "service_verification": None,
        "channel": "api",
        "commission": 1.7500000000000002,
        "total_amount": 48.25,
        "discount": None,
        "type": "Airtime Recharge",
        "email": "sandbox@sandbox.vtpass.com",
        "phone": "123450987623",
        "name": None,
        "convinience_fee": 0,
        "amount": "50",
        "platform": "api",
        "method": "api",
        "commission_details": {
            "amount": 1.7500000000000002,
            "rate": "3.50",
            "rate_type": "percent",
            "computation_type": "default",
        },
    }


def test_requery_tells_the_same_in_other_types(vtpass):
    paid = vtpass.post("pay", power())
    asked = vtpass.requery()
    then, now = paid["content"]["transactions"], asked["content"]["transactions"]
    assert (then["amount"], now["amount"]) == ("5000", 5000)
    assert (then["unit_price"], now["unit_price"]) == ("5000", 5000)
    assert (then["method"], now["method"]) == ("api", "wallet")
    assert now["extras"] == asked["purchased_code"] == paid["purchased_code"]
    assert isinstance(now["product_id"], int)
    assert asked["transaction_date"] == {
        "date": "2026-03-02 12:00:00.000000",
        "timezone_type": 3,
        "timezone": "Africa/Lagos",
    }
    assert then["transactionId"] == now["transactionId"]


def test_requery_rounds_the_commission_that_pay_wrote_with_noise(vtpass):
    paid = vtpass.post("pay", airtime(amount=50))
    assert paid["content"]["transactions"]["commission"] != 1.75
    assert vtpass.requery()["content"]["transactions"]["commission"] == 2


@pytest.mark.parametrize("amount", [50, 333, 4999, Decimal("1234.57")])
def test_noise_aside_the_total_is_what_the_wallet_paid(vtpass, amount):
    """I5: quantised to kobo, the answer and the hidden truth agree."""
    body = airtime(amount=float(amount))
    total = vtpass.post("pay", body)["content"]["transactions"]["total_amount"]
    assert round(Decimal(str(total)) * 100) == vtpass.truth()[0]["charged_kobo"]


def test_a_token_is_told_by_pay_requery_and_truth_alike(vtpass):
    paid = vtpass.post("pay", power())
    token = parse_token(paid["purchased_code"])
    assert parse_token(vtpass.requery()["token"]) == token
    assert vtpass.truth()[0]["tokens"] == [token]


def test_a_pending_sale_has_code_000_too(vtpass, hands):
    answer = vtpass.post("pay", airtime("201000000000"))
    assert answer["code"] == "000"
    assert answer["content"]["transactions"]["status"] == "pending"
    assert answer["response_description"] == "TRANSACTION PROCESSING - PENDING"
    hands.pass_seconds(45)
    assert vtpass.requery()["content"]["transactions"]["status"] == "delivered"


def test_a_pending_meter_shows_no_token(vtpass, hands):
    answer = vtpass.post("pay", power("201000000000"))
    assert answer["purchased_code"] == ""
    assert "token" not in answer
    hands.pass_seconds(45)
    assert parse_token(vtpass.requery()["token"])


def test_a_failed_sale_has_code_016(vtpass):
    for answer in (vtpass.post("pay", airtime("08099999999")), vtpass.requery()):
        assert answer["code"] == "016"
        assert answer["content"]["transactions"]["status"] == "failed"
        assert answer["response_description"] == "TRANSACTION FAILED"


def test_a_refusal_has_a_code_and_nothing_else(vtpass):
    vtpass.post("pay", airtime())
    assert vtpass.post("pay", airtime()) == {
        "code": "014",
        "content": {"errors": []},
        "response_description": "REQUEST ID ALREADY EXIST",
    }
    assert vtpass.requery("202603021200unknown") == {
        "code": "015",
        "content": {"errors": []},
        "response_description": "INVALID REQUEST ID",
    }


@pytest.mark.parametrize(("phone", "code"), [("600000000000", "030"), ("610000000000", "091")])
def test_billers_that_do_not_sell_say_so(vtpass, phone, code):
    response = vtpass.send("pay", airtime(phone))
    assert (response.status_code, response.json()["code"]) == (200, code)


def test_a_system_error_is_http_500_with_a_code(vtpass):
    response = vtpass.send("pay", airtime("500000000000"))
    assert (response.status_code, response.json()["code"]) == (500, "083")
    assert vtpass.requery()["code"] == "016"


@pytest.mark.parametrize("code", ["099", "034", "777"])
def test_any_code_can_be_scripted(vtpass, code):
    """Fault 36."""
    vtpass.script("08011111111", pay="code", code=code, truth="delivered")
    assert vtpass.post("pay", airtime())["code"] == code
    assert vtpass.requery()["content"]["transactions"]["status"] == "delivered"


@pytest.mark.parametrize("path", ["merchant-verify", "pay", "requery"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"pay"',
        b'{"amount": NaN}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"amount": ' + b"9" * 5_000 + b"}",
    ],
)
def test_a_body_that_is_no_json_object_is_an_invalid_argument(vtpass, path, content):
    response = vtpass.http.post(f"/vtpass/api/{path}", content=content, headers=POST_KEYS)
    assert (response.status_code, response.json()["code"]) == (200, "011")


def test_a_wrong_meter_verifies_with_code_000(vtpass):
    answer = vtpass.post("merchant-verify", power("9999999999") | {"type": "prepaid"})
    assert answer["code"] == "000"
    assert answer["content"]["WrongBillersCode"] is True


def test_a_biller_out_of_reach_cannot_verify(vtpass):
    answer = vtpass.post("merchant-verify", power("670000000000") | {"type": "prepaid"})
    assert answer["code"] == "030"


# Answers that do not come


def test_a_timed_out_sale_is_made_and_delivered_behind_the_clients_back(vtpass, hands):
    """Fault 30: the wait ends with the client's patience, the sale is pending for 30 s, then delivered."""
    with pytest.raises(httpx.ReadTimeout):
        vtpass.http.post(
            "/vtpass/api/pay",
            json=airtime("300000000000"),
            headers=POST_KEYS,
            timeout=SHORT_SECONDS,
        )
    assert vtpass.requery()["content"]["transactions"]["status"] == "pending"
    hands.pass_seconds(30)
    assert vtpass.requery()["content"]["transactions"]["status"] == "delivered"
    row = vtpass.truth()[0]
    assert (row["happened"], row["pay_calls"], row["requeries"]) == ("sold", 1, 2)


def test_a_reset_comes_after_the_sale(vtpass):
    """Fault 31."""
    with pytest.raises(httpx.ReadError):
        vtpass.send("pay", airtime("630000000000"))
    assert vtpass.requery()["content"]["transactions"]["status"] == "delivered"


def test_a_closed_connection_may_hide_that_nothing_was_made(vtpass):
    with pytest.raises(httpx.RemoteProtocolError):
        vtpass.send("pay", airtime("640000000000"))
    assert vtpass.requery()["code"] == "015"
    assert vtpass.truth()[0]["happened"] == "never_created"


@pytest.mark.parametrize(("says", "status"), [("gateway", 502), ("html", 200)])
def test_a_page_for_people_may_hide_a_sale(vtpass, says, status):
    """Faults 32 and 34."""
    vtpass.script("650000000000", pay=says)
    response = vtpass.send("pay", airtime("650000000000"))
    assert response.status_code == status
    assert response.headers["content-type"].startswith("text/html")
    assert vtpass.requery()["content"]["transactions"]["status"] == "delivered"


def test_half_an_answer_may_hide_a_token(vtpass):
    """Fault 35."""
    response = vtpass.send("pay", power("660000000000"))
    assert response.status_code == 200
    with pytest.raises(JSONDecodeError):
        response.json()
    assert parse_token(vtpass.requery()["token"])


def test_no_answer_at_all_may_hide_a_sale(vtpass):
    response = vtpass.send("pay", airtime("400000000000"))
    assert (response.status_code, response.content) == (200, b"")
    assert vtpass.requery()["content"]["transactions"]["status"] == "delivered"


@pytest.mark.parametrize(
    ("truth", "code"), [("delivered", "000"), ("failed", "016"), ("never_created", "015")]
)
@pytest.mark.parametrize("phone", ["300000000000", "400000000000", "500000000000"])
def test_the_truth_behind_vtpass_own_triggers_can_be_set(vtpass, phone, truth, code):
    says = {"300000000000": "closed", "400000000000": "empty", "500000000000": "unexpected"}[phone]
    vtpass.script(phone, pay=says, truth=truth)
    with contextlib.suppress(httpx.RemoteProtocolError):
        vtpass.send("pay", airtime(phone))
    assert vtpass.requery()["code"] == code


def test_a_server_that_stops_lets_go_of_those_who_wait(hands, caplog):
    """A held answer must not hold up the end of the sandbox."""
    shop = Shop(hands, Journal(None))
    ends = []

    def wait_for_an_answer(url):
        try:
            httpx.post(
                f"{url}/vtpass/api/pay", json=airtime("300000000000"), headers=POST_KEYS, timeout=60
            )
        except httpx.RemoteProtocolError as end:
            ends.append(end)

    with serving(app_for(shop)) as url:
        client = threading.Thread(target=wait_for_an_answer, args=(url,))
        client.start()
        while not shop.truth():
            client.join(timeout=0.01)
    client.join(timeout=10)
    assert len(ends) == 1
    assert noise_in(caplog) == []


# Truth and switches


def test_the_truth_counts_every_call(vtpass):
    vtpass.post("pay", power())
    for _ in range(3):
        vtpass.requery()
    (row,) = vtpass.truth()
    assert (row["pay_calls"], row["requeries"]) == (1, 3)
    assert {**row, "tokens": len(row["tokens"])} == {
        "request_id": REQUEST_ID,
        "service": "eko-electric",
        "account": "1234567890",
        "variation": "prepaid",
        "amount_kobo": 500_000,
        "happened": "sold",
        "code": None,
        "sold_at": NOON.isoformat(),
        "reversed_at": None,
        "tokens": 1,
        "charged_kobo": 492_500,
        "pay_calls": 1,
        "requeries": 3,
    }


def test_the_truth_lists_request_ids_in_the_order_of_first_sight(vtpass):
    vtpass.requery("202603021200first")
    vtpass.post("pay", airtime("08099999999", "202603021200second"))
    vtpass.requery("202603021200first")
    assert [row["request_id"] for row in vtpass.truth()] == [
        "202603021200first",
        "202603021200second",
    ]


def test_a_purchase_refused_for_its_fields_is_in_the_truth(vtpass):
    assert vtpass.post("pay", airtime(amount=1))["code"] == "013"
    row = vtpass.truth()[0]
    assert (row["happened"], row["code"], row["account"]) == ("refused", "013", "08011111111")


def test_the_wallet_can_be_drained_and_filled(vtpass):
    """Fault 43."""
    vtpass.http.post("/world/vtpass/wallet", json={"balance_kobo": 0}).raise_for_status()
    assert vtpass.post("pay", airtime())["code"] == "018"
    vtpass.http.post("/world/vtpass/wallet", json={"balance_kobo": 100_000}).raise_for_status()
    assert vtpass.post("pay", airtime())["code"] == "000"
    assert vtpass.http.get("/world/vtpass/wallet").json() == {"balance_kobo": 51_750}


def test_a_script_can_be_given_and_taken_back(vtpass):
    vtpass.script("08011111111", pay="offline")
    assert vtpass.post("pay", airtime())["code"] == "030"
    vtpass.http.delete("/world/vtpass/accounts/08011111111").raise_for_status()
    assert vtpass.post("pay", airtime())["code"] == "000"


def test_a_pending_sale_can_be_settled_by_hand(vtpass):
    vtpass.post("pay", airtime("201000000000"))
    url = f"/world/vtpass/sales/{REQUEST_ID}"
    assert vtpass.http.post(url, json={"truth": "failed"}).json()["happened"] == "failed"
    assert vtpass.requery()["code"] == "016"


def test_settling_an_unknown_sale_is_not_found(vtpass):
    response = vtpass.http.post("/world/vtpass/sales/unknown", json={"truth": "failed"})
    assert response.status_code == 404


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("wallet", {"balance_kobo": -1}),
        ("wallet", {"balance": 1}),
        ("accounts/08011111111", {"pay": "explodes"}),
        ("sales/x", {"truth": "pending"}),
    ],
)
def test_a_switch_that_makes_no_sense_is_refused(vtpass, path, body):
    assert vtpass.http.post(f"/world/vtpass/{path}", json=body).status_code == 422

"""The customers' phone, over a real socket."""

import socket
import threading

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from billpay.sandbox.journal import Journal
from billpay.sandbox.phone import Inbox, phone_router

ORDER = "0b9f6a52-6d3c-4d5a-9a64-2f1f6a5e7c11"
MESSAGE = {
    "message_id": f"{ORDER}:delivered:1",
    "transaction_id": ORDER,
    "wallet_address": "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ",
    "subject": "Airtime Delivered",
    "body": "Your airtime has been delivered!",
}


def app_for(journal):
    app = FastAPI()
    app.include_router(phone_router(Inbox(journal)), prefix="/phone")
    return app


@pytest.fixture(scope="module")
def stage():
    """One server for all tests, each of which puts its own phone on it."""
    playing = {}

    async def app(scope, receive, send):
        await playing["app"](scope, receive, send)

    # Named as TCP, or asyncio would leave Nagle's algorithm on and every answer would take 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}/phone") as http:
        yield playing, http
    server.should_exit = True
    thread.join(timeout=10)
    listener.close()


@pytest.fixture
def phone(stage):
    playing, http = stage
    playing["app"] = app_for(Journal(None))
    return http


def send(phone, message=MESSAGE, key=None):
    key = key or message.get("message_id", "none")
    return phone.post("/messages", json=message, headers={"Idempotency-Key": key}).status_code


def test_a_message_is_received_word_for_word(phone):
    assert send(phone) == 200
    assert phone.get("/messages").json() == [MESSAGE | {"deliveries": 1}]


def test_the_same_message_again_is_kept_once_and_counted(phone):
    """I8: telling a customer twice is harmless only under one id."""
    assert [send(phone), send(phone), send(phone)] == [200, 200, 200]
    assert phone.get("/messages").json() == [MESSAGE | {"deliveries": 3}]


def test_what_was_read_first_stays(phone):
    send(phone)
    send(phone, MESSAGE | {"body": "Something else"})
    assert phone.get("/messages").json()[0]["body"] == MESSAGE["body"]


def test_messages_are_listed_in_order_and_by_order(phone):
    other = MESSAGE | {"message_id": "deposit-7:refunded:1", "transaction_id": None}
    resent = MESSAGE | {"message_id": f"{ORDER}:delivered:2"}
    for message in (MESSAGE, other, resent, MESSAGE):
        send(phone, message)
    ids = [row["message_id"] for row in phone.get("/messages").json()]
    assert ids == [MESSAGE["message_id"], other["message_id"], resent["message_id"]]
    of_order = phone.get("/messages", params={"transaction_id": ORDER}).json()
    assert [row["message_id"] for row in of_order] == [ids[0], ids[2]]


@pytest.mark.parametrize("missing", sorted(MESSAGE))
def test_a_message_that_lacks_something_is_refused(phone, missing):
    cut = {name: value for name, value in MESSAGE.items() if name != missing}
    assert send(phone, cut) == 422
    assert phone.get("/messages").json() == []


@pytest.mark.parametrize("change", [{"body": ""}, {"message_id": ""}, {"token": "1"}, {"body": 5}])
def test_a_malformed_message_is_refused(phone, change):
    assert send(phone, MESSAGE | change, key=MESSAGE["message_id"]) == 422


def test_the_idempotency_key_must_be_the_messages_id(phone):
    assert send(phone, key="another") == 422
    assert phone.post("/messages", json=MESSAGE).status_code == 422
    assert phone.get("/messages").json() == []


def test_a_failing_phone_receives_nothing_until_it_is_well(phone):
    """Fault 65."""
    phone.post("/faults", json={"fail_next": 2}).raise_for_status()
    assert [send(phone), send(phone)] == [500, 500]
    assert phone.get("/messages").json() == []
    assert send(phone) == 200


def test_a_negative_number_of_faults_is_refused(phone):
    assert phone.post("/faults", json={"fail_next": -1}).status_code == 422


def test_a_restart_keeps_messages_counts_and_faults(phone, stage, tmp_path):
    playing, _ = stage
    playing["app"] = app_for(Journal(tmp_path / "journal"))
    send(phone)
    send(phone)
    phone.post("/faults", json={"fail_next": 1}).raise_for_status()
    playing["app"] = app_for(Journal(tmp_path / "journal"))
    assert phone.get("/messages").json() == [MESSAGE | {"deliveries": 2}]
    assert [send(phone), send(phone)] == [500, 200]

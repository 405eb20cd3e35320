"""Purchases and answers for the provider tests, each with one good default to vary."""

import hashlib
import json
from collections.abc import Callable
from decimal import Decimal

import httpx
import pytest
from pydantic import SecretStr

from billpay.domain.bills import BillerCode, BillType, MeterType
from billpay.domain.money import Kobo
from billpay.providers.base import Purchase
from billpay.providers.http import Reply
from billpay.providers.vtpass import VTPass

BILLERS = {
    BillType.ELECTRICITY: "ikedc",
    BillType.AIRTIME: "mtn",
    BillType.DATA: "mtn",
    BillType.CABLE_TV: "dstv",
}
ACCOUNTS = {
    BillType.ELECTRICITY: "45012345678",
    BillType.AIRTIME: "08031234567",
    BillType.DATA: "08031234567",
    BillType.CABLE_TV: "4131953321",
}


@pytest.fixture(scope="session")
def purchase() -> Callable[..., Purchase]:
    """Make a purchase of 5,000 naira, prepaid where it is electricity, that differs as asked."""

    def make(bill_type: BillType = BillType.ELECTRICITY, **changes) -> Purchase:
        is_meter = bill_type is BillType.ELECTRICITY
        facts = {
            "bill_type": bill_type,
            "biller": BillerCode(BILLERS[bill_type]),
            "account_number": ACCOUNTS[bill_type],
            "meter_type": MeterType.PREPAID if is_meter else None,
            "product_code": None,
            "amount": Kobo(500_000),
            "contact_phone": "",
        }
        return Purchase(**facts | changes)

    return make


@pytest.fixture(scope="session")
def reply() -> Callable[[dict], Reply]:
    """Make the reply that a provider's document arrives as."""

    def make(document: dict) -> Reply:
        text = json.dumps(document)
        return Reply(status=200, document=json.loads(text, parse_float=Decimal), text=text)

    return make


@pytest.fixture(scope="session")
def keys() -> dict[str, str]:
    """Three keys of this run, derived from a phrase."""
    return {
        name: hashlib.sha256(f"provider tests, {name}".encode()).hexdigest()
        for name in ("api_key", "public_key", "secret_key")
    }


@pytest.fixture
def vtpass(keys) -> Callable[..., VTPass]:
    """Make an adapter whose requests are answered by a function."""

    def make(
        answer: Callable[[httpx.Request], httpx.Response],
        base_url: str = "https://sandbox.vtpass.com",
    ) -> VTPass:
        secrets = {name: SecretStr(key) for name, key in keys.items()}
        return VTPass(base_url=base_url, transport=httpx.MockTransport(answer), **secrets)

    return make

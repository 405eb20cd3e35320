"""A price that changed between order and purchase, and a product that another provider calls differently.

The shop's prices stand still, so an order is placed at a price that was, or never was, the shop's.
"""

from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from activities.verify import VerifyActivities
from billpay.breakers import Breakers
from billpay.buying import Buyer
from billpay.domain.bills import BillerCode, BillType
from billpay.domain.deposits import DepositPolicy
from billpay.domain.money import cngn, in_stroops, naira
from billpay.domain.outcomes import Delivered
from billpay.domain.prices import PriceChange
from billpay.domain.routing import ProviderName
from billpay.domain.statuses import BillStatus
from billpay.domain.steps import VerifyAccount
from billpay.price_check import purchase_at
from billpay.providers.flutterwave import Flutterwave
from billpay.sandbox import identities
from billpay.settings import load_settings
from billpay.store.catalogue import ListKey
from tests.activities.conftest import run
from tests.activities.placing import new_order, paid, purchase_step

VTPASS, FLUTTERWAVE, _ = ProviderName
REFUND, PAY_LOWER = PriceChange
PLAN = {"biller": "mtn", "product_code": "mtn-50mb-200", "product_name": "N200 200MB - 2 days"}
PACKAGE = {"biller": "dstv", "product_code": "dstv79", "product_name": "DStv Compact N7,900"}


@pytest_asyncio.fixture
async def flutterwave(shop, clock, store):
    adapter = Flutterwave(
        base_url=f"{shop.url}/flutterwave",
        secret_key=SecretStr(identities.flutterwave_secret_key()),
        catalogue=store.flutterwave_codes,
        clock=clock,
    )
    yield adapter
    await adapter.close()


@dataclass
class Scene:
    """Customers, a worker and two shops."""

    store: Any
    clock: Any
    vtpass: Any
    flutterwave: Any

    @property
    def providers(self):
        return {VTPASS: self.vtpass, FLUTTERWAVE: self.flutterwave}

    async def ordered(self, amount, came=None, *, tv=False, **other):
        """Pay for a plan, or a package, that cost this much when ordered."""
        kind, facts, account = BillType.DATA, PLAN, "08011111111"
        if tv:
            kind, facts, account = BillType.CABLE_TV, PACKAGE, "1212121212"
        new = new_order(account, kind, amount=naira(amount), **facts | other)
        return await paid(self.store, self.clock, new, came)

    async def asked(self, order, policy=PAY_LOWER, provider=VTPASS):
        """Ask twice: the step may be repeated, and answers the same."""
        breakers = Breakers(store=self.store.breakers, rules=load_settings({}).breaker_rules())
        steps = VerifyActivities(
            self.store, self.providers, DepositPolicy(), breakers, price_change=policy
        )
        deposit = (await self.store.payments.record(order.transaction_id)).deposits[0]
        request = VerifyAccount(
            transaction_id=order.transaction_id,
            provider=provider,
            operation_id=deposit.credit.operation_id,
        )
        first = await run(steps.verify_account, request)
        assert await run(steps.verify_account, request, attempt=2) == first
        return first

    async def buy(self, order):
        buyer = Buyer(store=self.store, providers=self.providers, clock=self.clock)
        return await buyer.pay(purchase_step(order, self.clock), is_repetition=False)

    async def price(self, order):
        """What the order costs now."""
        return (await self.store.orders.get(order.transaction_id)).bill_amount

    async def told(self, order, kind="price_changed"):
        """What the timeline says of it."""
        events = (await self.store.payments.record(order.transaction_id)).events
        return [event.detail for event in events if event.kind == kind]

    async def listed(self, provider):
        """Let the catalogue know which packages a provider lists."""
        biller = BillerCode("dstv")
        key = ListKey(provider=provider.name, bill_type=BillType.CABLE_TV, biller=biller)
        products = await provider.products(key.bill_type, biller)
        await self.store.catalogue.keep(key, products, is_sold=True)
        return {product.name: product for product in products}


@pytest.fixture
def scene(store, clock, vtpass, flutterwave):
    return Scene(store, clock, vtpass, flutterwave)


@pytest.mark.parametrize(
    ("policy", "amount", "reason"),
    [
        (REFUND, "199", "200MB - 2 days cost ₦199 when ordered and costs ₦200 now"),
        (PAY_LOWER, "199", "200MB - 2 days cost ₦199 when ordered and costs ₦200 now"),
        (REFUND, "250", "200MB - 2 days cost ₦250 when ordered and costs ₦200 now"),
    ],
)
async def test_a_price_that_is_not_paid_goes_back_with_both_prices(scene, policy, amount, reason):
    """Fault 49: in the refund's reason and in the timeline."""
    order = await scene.ordered(amount)
    assert (await scene.asked(order, policy)).refused == reason
    assert reason in await scene.told(order, "status")
    row = await scene.store.orders.row(order.transaction_id)
    assert row.status is BillStatus.PROVIDER_FAILED
    assert await scene.price(order) == naira(amount)


async def test_a_price_that_fell_is_paid_and_the_rest_goes_back(scene, shop):
    """I17 and I2: what is bought is the lower price, exactly; the timeline has both."""
    order = await scene.ordered("250")
    answer = await scene.asked(order)
    assert (answer.refused, answer.excess) == (None, cngn("50"))
    assert isinstance(await scene.buy(order), Delivered)
    (sale,) = shop.truth_vtpass()
    assert sale["amount_kobo"] == await scene.price(order) == naira("200")
    (told,) = await scene.told(order)
    assert told == (
        "200MB - 2 days cost ₦250 when ordered and costs ₦200 now: "
        "vtpass is paid that, and the rest goes back"
    )


@pytest.mark.parametrize(
    ("amount", "came", "excess"),
    [("201", None, "0"), ("200.60", "201.0", "0"), ("200.60", "201.1", "1.1"), ("200", "205", "5")],
)
async def test_a_rest_is_returned_when_all_of_it_is_above_dust(scene, amount, came, excess):
    order = await scene.ordered(amount, came)
    assert (await scene.asked(order)).excess == cngn(excess)


async def test_a_price_that_did_not_change_is_not_spoken_of(scene):
    order = await scene.ordered("200")
    assert (await scene.asked(order)).excess == 0
    assert await scene.told(order) == []


async def test_a_lower_price_does_not_make_a_wrong_card_good(scene, shop):
    order = await scene.ordered("8000", tv=True)
    shop.script("1212121212", verify="wrong")
    assert (await scene.asked(order)).refused == "Smartcard number not found"
    assert await scene.price(order) == naira("8000")


async def test_a_renewal_is_held_to_its_price_too(scene):
    order = await scene.ordered("9000", tv=True, product_code=None, product_name=None)
    answer = await scene.asked(order)
    fell_by = naira("9000") - await scene.price(order)
    assert fell_by > 0
    assert answer.excess == in_stroops(fell_by)
    (told,) = await scene.told(order)
    assert told.startswith("The renewal cost ₦9,000 when ordered")


async def test_the_next_provider_may_still_take_the_ordered_price(scene):
    """One provider's lower price is not the other's, and the deposit covers both."""
    plus = {"product_code": "CB0", "product_name": "DSTV COMPACT PLUS"}
    order = await scene.ordered("12400", tv=True, **plus)
    await scene.listed(scene.flutterwave)
    await scene.store.orders.reprice(order.transaction_id, naira("7900"), VTPASS, detail="it fell")
    answer = await scene.asked(order, provider=FLUTTERWAVE)
    assert (answer.refused, answer.passed_over, answer.excess) == (None, None, 0)
    assert await scene.price(order) == naira("12400")
    assert (await scene.told(order))[1] == "flutterwave takes ₦12,400, as ordered"


async def test_another_provider_sells_the_same_under_its_own_code(scene, shop):
    """An order in Flutterwave's words is served by VTPass, and the other way round."""
    compact = (await scene.listed(scene.flutterwave))["DSTV COMPACT"]
    await scene.listed(scene.vtpass)
    theirs = {"product_code": compact.code, "product_name": compact.name}
    order = await scene.ordered("7900", tv=True, **theirs)
    answer = await scene.asked(order, REFUND)
    assert (answer.refused, answer.passed_over) == (None, None)
    await scene.buy(order)
    (sale,) = shop.truth_vtpass()
    assert (sale["variation"], sale["amount_kobo"]) == ("dstv79", compact.price)
    back = await scene.ordered("7900", tv=True)
    assert (await purchase_at(FLUTTERWAVE, back, scene.store)).product_code == compact.code
    assert (await scene.asked(back, REFUND, FLUTTERWAVE)).passed_over is None


async def test_what_the_other_provider_does_not_have_is_left_to_the_next(scene):
    await scene.listed(scene.vtpass)
    theirs = {"product_code": "CB9", "product_name": "DSTV COMPACT + HD"}
    order = await scene.ordered("9600", tv=True, **theirs)
    assert (await scene.asked(order)).passed_over is not None

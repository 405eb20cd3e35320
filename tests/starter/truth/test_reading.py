"""The whole way: real orders in a real database, a real sandbox, and what the comparison says of the two."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

import psycopg
import pytest
import pytest_asyncio

from billpay.buying import Buyer
from billpay.clock import system_clock
from billpay.domain.bills import BillerCode, BillType
from billpay.domain.ids import bill_workflow_id, refund_id, request_id
from billpay.domain.money import cngn, ledger_amount, naira
from billpay.domain.outcomes import Delivered
from billpay.domain.refunds import RefundPaid, RefundPurpose
from billpay.domain.routing import ProviderName
from billpay.domain.statuses import BillStatus
from billpay.domain.steps import PurchaseStep
from billpay.domain.tokens import spoken_token
from billpay.failures import Ambiguous, Unavailable
from billpay.intake import Intake
from billpay.ledger.horizon import Horizon
from billpay.ledger.treasury import Treasury
from billpay.providers import build_providers
from billpay.sandbox.identities import payer
from billpay.settings import load_settings
from billpay.store import Store
from billpay.store.orders import NewOrder
from starter.ordering import Typed, read_typed
from starter.truth import compare
from starter.truth.reading import read_world, sandbox_at
from starter.wallet import build_signer, build_wallet
from tests.fixtures.sandbox import Sandbox


@dataclass(frozen=True, kw_only=True)
class Service:
    """What a worker does, step by step and without one."""

    store: Store
    sandbox: Sandbox
    intake: Intake
    buyer: Buyer
    treasury: Treasury

    async def order(self, **words):
        wallet = payer(1).public_key
        typed = Typed(bill_type=BillType.ELECTRICITY, wallet=wallet, biller="ekedc", **words)
        return await self.store.orders.place(read_typed(typed))

    async def receive(self, memo, amount):
        """Pay from the sandbox, and take the credit in; answers the deposit's operation."""
        paid = self.sandbox.pay(memo, ledger_amount(amount))
        await self.intake.read_page()
        return paid.operation_id

    async def serve(self, order, provider=ProviderName.VTPASS):
        """Buy the bill, ask what became of it, and complete the order."""
        name = order.transaction_id
        await self.store.orders.change_status(name, BillStatus.VERIFYING_ACCOUNT, detail="asked")
        step = PurchaseStep(
            transaction_id=name,
            provider=provider,
            number=1,
            request_id=request_id(bill_workflow_id(name), 1, system_clock()),
        )
        await self.buyer.pay(step, is_repetition=False)
        assert isinstance(await self.buyer.confirm(step), Delivered)
        await self.store.attempts.complete(name, detail="delivered")
        return (await self.store.payments.record(name)).receipt

    async def give_back(self, operation_id):
        deposit = await self.store.deposits.get(operation_id)
        refund = await self.store.refunds.open(
            operation_id=operation_id,
            purpose=RefundPurpose.WHOLE,
            amount=deposit.credit.amount,
            reason="as it is",
        )
        assert isinstance(await self.treasury.pay(refund), RefundPaid)

    def tell(self, transaction_id, body):
        message_id = f"{transaction_id}:told"
        message = {
            "message_id": message_id,
            "transaction_id": transaction_id and str(transaction_id),
            "wallet_address": payer(1).public_key,
            "subject": "Your bill",
            "body": body,
        }
        self.sandbox.http.post(
            f"{self.sandbox.url}/phone/messages",
            json=message,
            headers={"Idempotency-Key": message_id},
        ).raise_for_status()

    async def differences(self):
        return (await compare(self.store, self.sandbox.url)).differences


@pytest_asyncio.fixture
async def service(store, sandbox):
    settings = load_settings(sandbox.environment)
    asset = {
        "asset_code": settings.cngn_asset_code,
        "asset_issuer": settings.required("cngn_asset_issuer"),
    }
    passphrase = settings.required("stellar_network_passphrase")
    async with AsyncExitStack() as exits:
        horizon = Horizon(base_url=settings.required("horizon_url"), **asset)
        exits.push_async_callback(horizon.close)
        providers = build_providers(settings)
        for provider in providers.values():
            exits.push_async_callback(provider.close)
        yield Service(
            store=store,
            sandbox=sandbox,
            intake=Intake(
                source=horizon,
                store=store,
                wallet=settings.required("system_wallet_address"),
                network_passphrase=passphrase,
                batch_size=50,
            ),
            buyer=Buyer(store=store, providers=providers, clock=system_clock),
            treasury=build_wallet(
                settings, store=store, source=horizon, signer=build_signer(settings)
            ).treasury,
        )


async def test_an_untouched_world_agrees_with_empty_records(service):
    comparison = await compare(service.store, service.sandbox.url)
    assert (comparison.rows, comparison.differences) == ([], [])


async def test_a_served_order_agrees_once_its_customer_has_been_told(service):
    """I1 to I8, on both sides' own words; the old EKEDC meter gets a bonus token too."""
    order = await service.order(account="1111111111111", meter_type="prepaid", amount="5000")
    await service.receive(order.memo, order.due)
    receipt = await service.serve(order)
    assert [found.split()[0] for found in await service.differences()] == ["I8"]
    tokens = (receipt.token, receipt.bonus_token)
    service.tell(order.transaction_id, "\n".join(map(spoken_token, tokens)))
    comparison = await compare(service.store, service.sandbox.url)
    assert comparison.differences == []
    assert [(row.title, row.truth, row.records, row.agrees) for row in comparison.rows] == [
        (
            "₦5,000 EKEDC electricity for 111****111",
            "sold ₦5,000, with a token",
            "completed, token kept",
            True,
        )
    ]


async def test_an_order_bought_at_a_lower_price_agrees_once_the_rest_is_back(service):
    """I2 and I17: what was sold is what the order costs now, and the rest is owed."""
    plan = NewOrder(
        wallet_address=payer(1).public_key,
        bill_type=BillType.DATA,
        biller=BillerCode("mtn"),
        account_number="08011111111",
        bill_amount=naira("250"),
        product_code="mtn-50mb-200",
    )
    order = await service.store.orders.place(plan)
    operation_id = await service.receive(order.memo, order.due)
    await service.store.orders.reprice(
        order.transaction_id, naira("200"), ProviderName.VTPASS, detail="it fell"
    )
    await service.serve(order)
    service.tell(order.transaction_id, "Your data bundle is now active!")
    (difference,) = await service.differences()
    assert difference.startswith(f"I2 {operation_id}")
    rest = await service.store.refunds.open(
        operation_id=operation_id,
        purpose=RefundPurpose.EXCESS,
        amount=cngn("50"),
        reason="the price fell",
    )
    assert isinstance(await service.treasury.pay(rest), RefundPaid)
    assert await service.differences() == []


@pytest.mark.parametrize("provider", [ProviderName.FLUTTERWAVE, ProviderName.VTPASS])
async def test_a_sale_is_seen_whoever_made_it(service, provider):
    """I3, I7, I14: what one provider sold is no secret because another was asked first."""
    order = await service.order(account="1111111111111", meter_type="prepaid", amount="5000")
    await service.receive(order.memo, order.due)
    receipt = await service.serve(order, provider)
    tokens = filter(None, (receipt.token, receipt.bonus_token))
    service.tell(order.transaction_id, "\n".join(map(spoken_token, tokens)))
    comparison = await compare(service.store, service.sandbox.url)
    assert comparison.differences == []
    (row,) = comparison.rows
    assert row.truth == "sold ₦5,000, with a token"


async def test_dust_agrees_at_once(service):
    """I2: kept by policy, without a step of anybody's."""
    order = await service.order(account="1111111111111", meter_type="prepaid", amount="5000")
    for memo in (None, order.memo):
        await service.receive(memo, cngn("0.75"))
    assert await service.differences() == []


async def test_a_stray_deposit_agrees_once_it_is_back(service):
    operation_id = await service.receive("hello", 70_000_000)
    assert [found.split(":")[0] for found in await service.differences()] == [f"I2 {operation_id}"]
    await service.give_back(operation_id)
    comparison = await compare(service.store, service.sandbox.url)
    assert comparison.differences == []
    assert [(row.truth, row.records) for row in comparison.rows] == [
        ("returned 7 cNGN", "refunded")
    ]


async def test_what_was_set_aside_for_a_payer_has_gone_to_that_payer(service):
    """I9: the ledger names the balance, and the balance whose it is."""
    operation_id = await service.receive("hello", 70_000_000)
    service.sandbox.fund(payer(1).public_key, cngn="0", trustline=False)
    await service.give_back(operation_id)
    assert service.sandbox.truth_ledger()["claimable_balances"] != []
    assert await service.differences() == []


async def test_a_refund_that_was_outbid_for_is_known_by_what_was_applied(service):
    """I9: a fee bump has a hash of its own, and the envelope in it another."""
    operation_id = await service.receive("hello", 70_000_000)
    service.sandbox.ledger_faults(calls={"async_504_dropped": 1})
    with pytest.raises(Ambiguous):
        await service.give_back(operation_id)
    service.sandbox.ledger_faults(base_fee_stroops=5_000)
    await service.give_back(operation_id)
    applied = await service.store.refunds.applied(refund_id(operation_id, RefundPurpose.WHOLE))
    payments = service.sandbox.truth_ledger()["payments"]
    assert applied.applied_hash in [payment["transaction_hash"] for payment in payments]
    assert applied.applied_hash != applied.transaction_hash
    assert await service.differences() == []


async def test_a_credit_that_was_not_taken_in_is_a_difference(service):
    """I1, I5."""
    service.sandbox.pay("hello", "7")
    assert [found.split()[0] for found in await service.differences()] == ["I1", "I5"]


async def test_a_duplicate_is_one_deposit_whoever_lists_it(service):
    """It belongs to its order's records and to the stray deposits alike."""
    order = await service.order(account="1111111111111", meter_type="prepaid", amount="5000")
    await service.receive(order.memo, order.due)
    operation_id = await service.receive(order.memo, order.due)
    await service.give_back(operation_id)
    found = await service.differences()
    assert not [line for line in found if line.startswith("I1 ") or operation_id in line]


async def test_an_order_nobody_can_serve_is_compared_all_the_same(service, database_url):
    """Rows made by plain SQL may say nonsense; then nothing may have been sold of it."""
    order = await service.order(account="1111111111111", meter_type="prepaid", amount="5000")
    operation_id = await service.receive(order.memo, order.due)
    with psycopg.connect(database_url) as connection:
        connection.execute("""UPDATE transactions SET metadata = '{"provider_code": "nobody"}'""")
    await service.give_back(operation_id)
    service.tell(order.transaction_id, "Your cNGN has been refunded to your wallet.")
    comparison = await compare(service.store, service.sandbox.url)
    assert comparison.differences == []
    assert [(row.title, row.truth) for row in comparison.rows] == [
        ("The details of this order cannot be used.", "sold nothing; returned 5,030 cNGN")
    ]


async def test_a_sandbox_that_is_not_there_is_said(service):
    async with sandbox_at("http://127.0.0.1:9") as nowhere:
        with pytest.raises(Unavailable, match="/world/truth/ledger"):
            await read_world(nowhere)

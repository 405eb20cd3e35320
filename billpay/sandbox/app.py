"""The sandbox as one web application; everything it knows is in its journal."""

from fastapi import FastAPI

from billpay.clock import Clock
from billpay.sandbox.flutterwave import flutterwave_router
from billpay.sandbox.flutterwave_shop import FlutterwaveShop
from billpay.sandbox.horizon import horizon_router
from billpay.sandbox.journal import Journal
from billpay.sandbox.ledger import Ledger
from billpay.sandbox.ledger_faults import Switchboard
from billpay.sandbox.ledger_world import ledger_world_router
from billpay.sandbox.paystack import PaystackAccount, paystack_router, paystack_world_router
from billpay.sandbox.phone import Inbox, phone_router
from billpay.sandbox.rpc import rpc_router
from billpay.sandbox.shop_world import shop_world_router
from billpay.sandbox.vtpass import vtpass_router
from billpay.sandbox.vtpass_shop import Shop


def create_app(*, clock: Clock, journal: Journal, ledger_seconds: float = 1.0) -> FastAPI:
    """Build the sandbox as its journal left it."""
    vtpass, flutterwave = Shop(clock, journal), FlutterwaveShop(clock, journal)
    paystack, inbox = PaystackAccount(clock, journal), Inbox(journal)
    switchboard = Switchboard(journal)
    ledger = Ledger(clock, journal, ledger_seconds, switchboard)
    app = FastAPI(title="Billpay sandbox")
    app.include_router(vtpass_router(vtpass), prefix="/vtpass/api")
    app.include_router(flutterwave_router(flutterwave), prefix="/flutterwave/v3")
    app.include_router(paystack_router(paystack), prefix="/paystack")
    app.include_router(horizon_router(ledger, switchboard))
    app.include_router(rpc_router(ledger, journal))
    app.include_router(phone_router(inbox), prefix="/phone")
    app.include_router(shop_world_router(vtpass), prefix="/world")
    app.include_router(shop_world_router(flutterwave), prefix="/world")
    app.include_router(paystack_world_router(paystack), prefix="/world")
    app.include_router(ledger_world_router(ledger, switchboard), prefix="/world")
    return app

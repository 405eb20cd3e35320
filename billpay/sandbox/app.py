"""The sandbox as one web application; everything it knows is in its journal."""

from fastapi import FastAPI

from billpay.clock import Clock
from billpay.sandbox.horizon import horizon_router
from billpay.sandbox.journal import Journal
from billpay.sandbox.ledger import Ledger
from billpay.sandbox.ledger_faults import Switchboard
from billpay.sandbox.ledger_world import ledger_world_router
from billpay.sandbox.phone import Inbox, phone_router
from billpay.sandbox.vtpass import vtpass_router, vtpass_world_router
from billpay.sandbox.vtpass_shop import Shop


def create_app(*, clock: Clock, journal: Journal, ledger_seconds: float = 1.0) -> FastAPI:
    """Build the sandbox as its journal left it."""
    shop, inbox = Shop(clock, journal), Inbox(journal)
    ledger, switchboard = Ledger(clock, journal, ledger_seconds), Switchboard(journal)
    app = FastAPI(title="Billpay sandbox")
    app.include_router(vtpass_router(shop), prefix="/vtpass/api")
    app.include_router(horizon_router(ledger, switchboard))
    app.include_router(phone_router(inbox), prefix="/phone")
    app.include_router(vtpass_world_router(shop), prefix="/world")
    app.include_router(ledger_world_router(ledger, switchboard), prefix="/world")
    return app

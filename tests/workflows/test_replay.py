"""Recorded histories of every path replay on the present code, so that a deploy leaves no payment in flight behind.

A change of the workflows that breaks one of these would break the payments that are open when it is deployed: it needs
`workflow.patched`. New paths are recorded with `pytest tests/workflows/test_replay.py --record-histories`.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from billpay.domain.bills import BillType
from billpay.domain.catalogue import PriceListsRead
from billpay.domain.deposits import ReturnIt
from billpay.domain.interventions import Intervention, InterventionRequest
from billpay.domain.money import Stroops
from billpay.domain.outcomes import (
    Declined,
    Delivered,
    NeverSeen,
    NotSold,
    Postponed,
    Processing,
    TokenAwaited,
    Whose,
)
from billpay.domain.refunds import RefundHeld, RefundPaid
from billpay.domain.routing import ProviderName
from billpay.domain.steps import AccountAnswer, Payable, PurchaseStep
from billpay.failures import Ambiguous, Invalid, Unavailable
from workflows.bill_payment import BillPaymentWorkflow
from workflows.follow_up import FollowUpWorkflow
from workflows.refresh_catalogue import RefreshCatalogueWorkflow
from workflows.resend_notification import ResendNotificationWorkflow
from workflows.return_deposit import ReturnDepositWorkflow
from workflows.watch_payments import WatchPaymentsWorkflow

HISTORIES = Path(__file__).parent / "histories"
WORKFLOWS = [
    BillPaymentWorkflow,
    ReturnDepositWorkflow,
    ResendNotificationWorkflow,
    WatchPaymentsWorkflow,
    FollowUpWorkflow,
    RefreshCatalogueWorkflow,
]

DELIVERED = Delivered(provider_reference="VT-1")
ADA = InterventionRequest(actor="ada", reason="confirmed by phone", provider_reference="VT-9")
PAID = RefundPaid(transaction_hash="cd" * 32, amount=Stroops(1))
UNCERTAIN = {"pay": [Ambiguous("timed out")], "confirm": [Processing()] * 500}
READ = PriceListsRead(provider=ProviderName.VTPASS, lists=24, products=190, changes=3, failures=())
TWO_PROVIDERS = Payable(
    bill_type=BillType.AIRTIME,
    title="airtime",
    route=(ProviderName.FLUTTERWAVE, ProviderName.VTPASS),
    excess=Stroops(0),
)
TOO_MUCH = TWO_PROVIDERS.model_copy(update={"excess": Stroops(7_000_000)})
STARTED_OVER = TWO_PROVIDERS.model_copy(
    update={
        "unfinished": PurchaseStep(
            transaction_id=UUID("01234567-89ab-4def-8123-456789abcdef"),
            provider=ProviderName.VTPASS,
            number=1,
            request_id="202611231300old",
        )
    }
)


async def to_the_end(stage, **rules):
    handle = await stage.start_bill(**rules)
    await handle.result()
    return handle


def decided(intervention: Intervention, **rules: int):
    """Wait until the payment is parked, then decide."""

    async def live(stage):
        handle = await stage.start_bill(**{"confirmation_deadline_seconds": 60} | rules)
        await stage.until_review(handle)
        await handle.execute_update(intervention, ADA)
        await handle.result()
        return handle

    return live


async def signalled(stage):
    handle = await stage.start_bill(confirmation_deadline_seconds=60)
    await stage.until_review(handle)
    await handle.signal(Intervention.RESEND_NOTIFICATION, ADA)
    await handle.signal(Intervention.MARK_DELIVERED, ADA)
    await handle.result()
    return handle


async def cancelled_in_vain(stage):
    handle = await stage.start_bill(confirmation_deadline_seconds=60)
    await stage.until_review(handle)
    await handle.cancel()
    await handle.execute_update(Intervention.MARK_DELIVERED, ADA)
    await handle.result()
    return handle


async def after_the_review_window(stage):
    return await to_the_end(stage, review_window_seconds=3600)


async def stray(stage):
    handle = await stage.return_deposit()
    await handle.result()
    return handle


async def stray_and_held(stage):
    handle = await stage.return_deposit()
    await stage.until_review(handle)
    await handle.execute_update(Intervention.REFUND_PAYMENT, ADA)
    await handle.result()
    return handle


async def told_again(stage):
    return await stage.resend()


async def followed_up(stage):
    handle = await stage.follow_up()
    await handle.result()
    return handle


async def refreshed(stage):
    handle = await stage.refresh()
    await handle.result()
    return handle


async def watching(stage):
    return await stage.watch()


@dataclass(frozen=True)
class Route:
    """One path: what the outside answers, and what is done meanwhile."""

    outside: dict[str, Any] = field(default_factory=dict)
    live: Callable[[Any], Awaitable[Any]] = to_the_end
    is_past: bool = False
    """Lived by code that is gone: payments that began then may still be open. It cannot be recorded anew."""


PATHS = {
    "completed": Route(),
    "account_refused": Route({"account": [AccountAnswer(refused="Meter number not found")]}),
    "verification_unavailable": Route({"account": [Unavailable("cannot verify")]}),
    "deposit_too_small": Route({"verdict": ReturnIt(reason="4,000 cNGN arrived")}),
    "given_up_in_vain": Route(
        {"pay": [Unavailable("no database")], "abandon": [Ambiguous("may be sold")]}
    ),
    "excess_returned": Route({"verdict": TOO_MUCH}),
    # Each message was waited for before anything else went on.
    "excess_returned_told_in_turn": Route(is_past=True),
    "parked_then_certain_told_in_turn": Route(is_past=True),
    "offline": Route({"pay": [Unavailable("offline")]}),
    "declined_for_the_customer": Route(
        {"pay": [Declined(reason="below the minimum", whose=Whose.CUSTOMER)]}
    ),
    "invalid_while_buying": Route({"pay": [Invalid("no such plan")]}),
    "next_provider": Route(
        {
            "verdict": TWO_PROVIDERS,
            "pay": [Declined(reason="off", whose=Whose.PROVIDER), DELIVERED],
        }
    ),
    "postponed": Route(
        {"pay": [Postponed(reason="look-alike", retry_after_seconds=35), DELIVERED]}
    ),
    "confirmed_after_a_timeout": Route(
        {"pay": [Ambiguous("timed out")], "confirm": [Processing(), DELIVERED]}
    ),
    "proven_unsold": Route({"pay": [Ambiguous("reset")], "confirm": [NeverSeen(), NotSold()]}),
    "token_awaited": Route(
        {
            "pay": [TokenAwaited(provider_reference="VT-1")],
            "confirm": [TokenAwaited(provider_reference="VT-1")] * 2 + [DELIVERED],
        }
    ),
    "parked_then_certain": Route(
        {"pay": [Processing()], "confirm": [Processing()] * 8 + [DELIVERED]},
        lambda stage: to_the_end(stage, confirmation_deadline_seconds=300),
    ),
    "marked_delivered": Route(UNCERTAIN, decided(Intervention.MARK_DELIVERED)),
    "refunded_by_an_operator": Route(
        {**UNCERTAIN, "ask": [Processing()]}, decided(Intervention.REFUND_PAYMENT)
    ),
    "retried_by_an_operator": Route(
        {"pay": [Processing()], "confirm": [Processing()] * 4 + [DELIVERED]},
        decided(Intervention.RETRY_PAYMENT),
    ),
    "signalled": Route(UNCERTAIN, signalled),
    "cancelled_in_vain": Route(UNCERTAIN, cancelled_in_vain),
    "retried_within_the_review_window": Route(
        {"pay": [*[Unavailable("offline")] * 3, DELIVERED]},
        decided(Intervention.RETRY_PAYMENT, review_window_seconds=86_400),
    ),
    "review_window_passed": Route({"pay": [Unavailable("offline")]}, after_the_review_window),
    "refund_held": Route(
        {
            "account": [AccountAnswer(refused="Meter number not found")],
            "refund": [RefundHeld(reason="no trustline"), PAID],
        },
        decided(Intervention.RETRY_PAYMENT),
    ),
    "started_over": Route({"verdict": STARTED_OVER, "confirm": [NotSold()]}),
    "stray": Route(live=stray),
    "stray_and_held": Route({"refund": [RefundHeld(reason="no trustline"), PAID]}, stray_and_held),
    "told_again": Route(live=told_again),
    "catalogue_refreshed": Route(
        {
            "lists": {
                ProviderName.VTPASS: [READ],
                ProviderName.FLUTTERWAVE: [Unavailable("offline")],
            }
        },
        refreshed,
    ),
    "watching": Route(live=watching),
    "followed_up": Route(live=followed_up),
}


@pytest.mark.parametrize("name", PATHS)
async def test_a_recorded_path_replays_on_the_present_code(name, request, on_stage):
    """I20: the same events lead to the same commands."""
    recorded = HISTORIES / f"{name}.json"
    path = PATHS[name]
    if request.config.getoption("--record-histories") and not path.is_past:
        outside = {key: _copied(answers) for key, answers in path.outside.items()}
        async with on_stage(**outside) as stage:
            handle = await path.live(stage)
            history = await handle.fetch_history()
        recorded.write_text(_scrubbed(history.to_json()), encoding="utf-8")
    history = WorkflowHistory.from_json(name, recorded.read_text(encoding="utf-8"))
    replayer = Replayer(workflows=WORKFLOWS, data_converter=pydantic_data_converter)
    await replayer.replay_workflow(history)


def test_every_recorded_history_belongs_to_a_path():
    assert {file.stem for file in HISTORIES.glob("*.json")} == set(PATHS)


def _copied(answers: Any) -> Any:
    """Scripts are used up while they play."""
    return list(answers) if isinstance(answers, list) else answers


def _scrubbed(history: str) -> str:
    """Leave out what tells of the machine that recorded it: its name, its processes, its paths."""

    def clean(node: Any) -> Any:
        if isinstance(node, dict):
            return {
                key: "recorder" if key == "identity" else clean(value)
                for key, value in node.items()
                if key not in ("stackTrace", "stickyAttributes")
            }
        return [clean(item) for item in node] if isinstance(node, list) else node

    return json.dumps(clean(json.loads(history)), indent=1, sort_keys=True) + "\n"

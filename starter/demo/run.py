"""The course of the demo: start everything, let the customers order and pay, watch, hold the records to the truth."""

import asyncio
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from shutil import rmtree

import httpx

from billpay.clock import system_clock
from billpay.domain.money import spoken_cngn
from billpay.domain.orders import Order
from billpay.domain.routing import ProviderName
from billpay.failures import Failure, Misconfigured
from billpay.providers.base import Provider
from billpay.sandbox import identities
from billpay.settings import Settings, SettingsError
from billpay.store import Store
from starter.demo.board import Line, line_of
from starter.demo.screen import Screen, console_on
from starter.demo.stories import READ_TIMEOUT_SECONDS, STORIES, Story
from starter.opening import opened_providers, opened_store
from starter.ordering import read_typed
from starter.pricing import PRICED, priced
from starter.sandbox_payment import pay_in_sandbox
from starter.stack import Stack
from starter.truth import compare
from starter.truth.reading import read_phone, read_world, sandbox_at

ENVIRONMENT = {
    "BILL_PROCESSOR_POLL_INTERVAL_SECONDS": "1",
    "VTPASS_READ_TIMEOUT_SECONDS": str(READ_TIMEOUT_SECONDS),
}
"""All that is set: the demo lives in a world of its own, whatever the environment and `.env` say."""

LOOK_EVERY_SECONDS = 1.0
GIVE_UP_AFTER_SECONDS = 240.0
"""More than twice what the longest story takes."""

TEARDOWN_SECONDS = 0.3
"""A process that ends right after its connections may abort while their threads unwind."""

AS_PLANNED, OTHERWISE, INTERRUPTED = 0, 1, 130


def run_demo(state: Path | None = None) -> int:
    """Let the stories happen and answer the exit code: 0 only where all went as planned and both sides agree.

    Without a folder it gets one of its own, which is kept where something went wrong.
    """
    screen = Screen(console_on(sys.stdout))
    folder = state or Path(tempfile.mkdtemp(prefix="billpay-demo-"))
    code = OTHERWISE
    try:
        code = asyncio.run(_run(folder, screen))
    except (Failure, SettingsError) as failure:
        screen.say(failure.detail if isinstance(failure, Failure) else str(failure), "red")
    except (asyncio.CancelledError, KeyboardInterrupt):
        screen.say("interrupted; everything is stopped")
        code = INTERRUPTED
    finally:
        if state is None and code != OTHERWISE:
            rmtree(folder, ignore_errors=True)
        else:
            screen.say(f"the logs are in {folder / 'logs'}")
        time.sleep(TEARDOWN_SECONDS)
    return code


async def _run(folder: Path, screen: Screen) -> int:
    started = time.monotonic()
    screen.introduce()
    screen.say("starting PostgreSQL, Temporal, the sandbox and the worker ...", "dim")
    stack = Stack(folder, environ=ENVIRONMENT, say=screen.say)
    _stop_on_signals(stack)
    async with stack:
        screen.say(f"Temporal Web UI, while this lasts: {stack.ui_url}", "bold")
        try:
            with screen:
                code = await _play(stack, screen)
        except asyncio.CancelledError:
            # Its step may take a while, and nobody waits for it; a killed worker loses nothing.
            await stack.kill_worker()
            raise
    screen.say(f"done after {time.monotonic() - started:.0f} s; `make up` starts it all to stay")
    return code


def _stop_on_signals(stack: Stack) -> None:
    """Stop in order when asked to, and at once when asked again."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    killing: list[asyncio.Task[None]] = []

    def stop() -> None:
        if task is not None and not task.cancelling():
            task.cancel()
        elif not killing:
            killing.append(loop.create_task(stack.kill_everything()))

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)


async def _play(stack: Stack, screen: Screen) -> int:
    if stack.sandbox_url is None:
        raise Misconfigured("the demo is played in the sandbox, and SKIP_EXTERNALS keeps it away")
    async with opened_store(stack.settings) as store, sandbox_at(stack.sandbox_url) as sandbox:
        orders = await _order(stack.settings, store, sandbox)
        for story, order in zip(STORIES, orders, strict=True):
            screen.say(f"  {story.title:18}{spoken_cngn(order.due):>12}  memo {order.memo}")
        await _pay(stack.settings, orders)
        lines = await _watch(store, sandbox, screen, orders)
        screen.freeze()
        comparison = await compare(store, stack.sandbox_url)
        screen.compare(comparison)
        complaints = await _complaints(sandbox, lines)
    for complaint in complaints:
        screen.say(complaint, "red")
    if comparison.differences or complaints:
        return OTHERWISE
    screen.say("All eight went as planned, and our records tell the truth.", "bold green")
    return AS_PLANNED


async def _order(settings: Settings, store: Store, sandbox: httpx.AsyncClient) -> Sequence[Order]:
    """Place the orders as the `order` command does, each for a customer of its own."""
    async with opened_providers(settings) as providers:
        return [
            await _order_one(story, identities.payer(number).public_key, providers, store, sandbox)
            for number, story in enumerate(STORIES, start=1)
        ]


async def _order_one(
    story: Story,
    wallet: str,
    providers: Mapping[ProviderName, Provider],
    store: Store,
    sandbox: httpx.AsyncClient,
) -> Order:
    for shop, script in story.scripts.items():
        words = script.model_dump(mode="json", exclude_none=True)
        reply = await sandbox.post(f"/world/{shop}/accounts/{story.account}", json=words)
        reply.raise_for_status()
    new = read_typed(story.typed(wallet))
    if new.bill_type in PRICED:
        new = await priced(new, providers)
    return await store.orders.place(new)


async def _pay(settings: Settings, orders: Sequence[Order]) -> None:
    """Pay every order from its customer's wallet, side by side."""
    await asyncio.gather(
        *(
            pay_in_sandbox(settings, memo=order.memo, amount=order.due, payer=number)
            for number, order in enumerate(orders, start=1)
        )
    )


async def _watch(
    store: Store, sandbox: httpx.AsyncClient, screen: Screen, orders: Sequence[Order]
) -> Sequence[Line]:
    """Show how the payments go until all are over and every customer has been told; answers how they went."""
    give_up_at = time.monotonic() + GIVE_UP_AFTER_SECONDS
    ours = {order.transaction_id for order in orders}
    shown = 0
    while True:
        records = [await store.payments.record(order.transaction_id) for order in orders]
        lines = [
            line_of(story, record, system_clock())
            for story, record in zip(STORIES, records, strict=True)
        ]
        screen.show(lines)
        told = [m for m in await read_phone(sandbox) if m.transaction_id in ours]
        for message in told[shown:]:
            screen.message(message.subject, message.body)
        shown = len(told)
        everybody_knows = {message.transaction_id for message in told} == ours
        is_over = all(line.is_over for line in lines) and everybody_knows
        if is_over or time.monotonic() > give_up_at:
            return lines
        await asyncio.sleep(LOOK_EVERY_SECONDS)


async def _complaints(sandbox: httpx.AsyncClient, lines: Sequence[Line]) -> Sequence[str]:
    """List whatever went otherwise than the stories planned it."""
    sales = (await read_world(sandbox)).sales
    return [
        f"{line.story.title}: {complaint}" for line in lines for complaint in line.complaints(sales)
    ]

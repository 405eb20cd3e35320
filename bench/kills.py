"""Killing parts of a running stack, one at a time, and starting them again."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping

from starter.stack import Stack

DOWN_SECONDS = 2.0

Act = Callable[[], Awaitable[None]]


def read_kills(texts: Iterable[str]) -> Mapping[str, int]:
    """Read `worker=10` as typed: how often each part is killed."""
    return {part: int(times) for part, times in (text.split("=") for text in texts)}


def parts_of(stack: Stack) -> Mapping[str, tuple[Act, Act]]:
    """Name what can be killed: how it is killed, how it comes back."""
    return {
        "worker": (stack.kill_worker, stack.start_worker),
        "temporal": (stack.kill_temporal, stack.start_temporal),
        "postgres": (stack.kill_postgres, stack.start_postgres),
        "sandbox": (stack.kill_sandbox, stack.start_sandbox),
    }


async def kill_repeatedly(stack: Stack, kills: Mapping[str, int], every: float) -> None:
    """Kill each part as often as asked, one at a time and in turns, and start it again."""
    parts, left = parts_of(stack), dict(kills)
    while any(left.values()):
        for part in [part for part, times in left.items() if times]:
            left[part] -= 1
            await asyncio.sleep(every)
            print(f"kill -9 {part}", flush=True)
            kill, start = parts[part]
            await kill()
            await asyncio.sleep(DOWN_SECONDS)
            await start()

"""Waiting for a channel: woken by whoever ends, patient for a while, and without a question to the ledger."""

import asyncio

import pytest

from billpay.failures import Unavailable
from billpay.ledger.refund_turns import (
    BACK_AFTER_SECONDS,
    LONGEST_SPREAD_SECONDS,
    LOOK_EVERY_SECONDS,
    SPREAD_SECONDS,
    WAITING,
    Turns,
)


class Rooms:
    """Channels that are free or not, and who has looked."""

    def __init__(self, *, free: int, owed: int = 12) -> None:
        self.free, self.owed, self.looks = free, owed, 0

    async def crowd(self):
        return self.owed

    async def has_room(self, refund_id):
        self.looks += 1
        return self.free > 0


def turns(rooms, seconds=60.0):
    return Turns(rooms, patience_seconds=seconds)


async def test_nobody_waits_while_a_channel_is_free():
    rooms = Rooms(free=1)
    await asyncio.wait_for(turns(rooms).wait("r1"), 1)
    assert rooms.looks == 1


async def test_who_waits_is_woken_by_whoever_ends_long_before_the_next_look():
    rooms = Rooms(free=0)
    waiting = turns(rooms)
    first = asyncio.create_task(waiting.wait("r1"))
    second = asyncio.create_task(waiting.wait("r2"))
    while rooms.looks < 4:
        await asyncio.sleep(0)
    rooms.free = 1
    async with asyncio.timeout(LOOK_EVERY_SECONDS / 2):
        await waiting.end()
        await asyncio.wait({first, second}, return_when=asyncio.FIRST_COMPLETED)
        assert rooms.looks == 5, "one is woken for one that ends"
        await waiting.end()
        await asyncio.gather(first, second)


async def test_patience_has_an_end():
    rooms = Rooms(free=0)
    await asyncio.wait_for(turns(rooms, seconds=0.05).wait("r1"), 5)
    assert rooms.looks == 3


async def test_who_finds_enough_waiting_comes_back_later_and_not_all_at_once():
    """Fault 57: a crowd that waits must not keep the owners of channels from ending."""
    rooms = Rooms(free=0)
    waiting = turns(rooms)
    crowd = [asyncio.create_task(waiting.wait(f"r{number}")) for number in range(WAITING)]
    while rooms.looks < 2 * WAITING:
        await asyncio.sleep(0)
    for owed, longest in ((12, SPREAD_SECONDS), (300, 60), (9_000, LONGEST_SPREAD_SECONDS)):
        rooms.owed = owed
        delays = set()
        for number in range(200):
            with pytest.raises(Unavailable) as refused:
                await waiting.wait(f"later {number}")
            delays.add(refused.value.retry_after_seconds - BACK_AFTER_SECONDS)
        assert 0.8 * longest < max(delays) < longest
        assert 0 <= min(delays) < 0.2 * longest
    rooms.free = 1
    for _ in crowd:
        await waiting.end()
    await asyncio.gather(*crowd)
    await waiting.wait("one more")

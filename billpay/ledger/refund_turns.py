"""Waiting for a channel at nobody's cost: nothing is asked of the ledger meanwhile, and no step is begun again.

A refund that ends gives its channel up, and wakes one of this worker's that wait. What other workers give up is seen by
looking now and then.
"""

import asyncio
import zlib

from billpay.failures import Unavailable
from billpay.store.channels import ChannelStore

PATIENCE_SECONDS = 15.0
"""Two or three ledgers. Longer would keep a stopping worker waiting, and the step's own time is limited."""

LOOK_EVERY_SECONDS = 3.0

WAITING = 10
"""As many wait in a worker, enough to take what is given up; more would hold the slots that the owners of channels need
to come to an end."""

BACK_AFTER_SECONDS, SPREAD_SECONDS, LONGEST_SPREAD_SECONDS = 10, 15, 120
"""When whoever finds enough waiting comes back: not all at once, and later the more there are, so that their asking
costs about the same however many they are."""

COME_BACK_EACH_SECOND = 5
"""Of a crowd; more than channels are given up, in a service of ordinary size."""


class Turns:
    """The refunds of one worker that wait for a channel."""

    def __init__(self, channels: ChannelStore, *, patience_seconds: float) -> None:
        self._channels = channels
        self._patience_seconds = patience_seconds
        self._waiting = 0
        self._ended = asyncio.Condition()

    async def wait(self, refund_id: str) -> None:
        """Return once the refund may get a channel, or after the patience is over; promises nothing.

        Raises:
            Unavailable: none is free, and enough others wait for one.
        """
        if await self._channels.has_room(refund_id):
            return
        if self._waiting >= WAITING:
            crowd = await self._channels.crowd() // COME_BACK_EACH_SECOND
            spread = max(SPREAD_SECONDS, min(LONGEST_SPREAD_SECONDS, crowd))
            raise Unavailable(
                "every channel is in use, and other refunds wait for one: this one comes back later",
                retry_after_seconds=BACK_AFTER_SECONDS + zlib.crc32(refund_id.encode()) % spread,
            )
        self._waiting += 1
        try:
            await self._until_there_is_room(refund_id)
        finally:
            self._waiting -= 1

    async def _until_there_is_room(self, refund_id: str) -> None:
        clock = asyncio.get_running_loop().time
        give_up_at = clock() + self._patience_seconds
        while not await self._channels.has_room(refund_id):
            remaining = give_up_at - clock()
            if remaining <= 0:
                return
            await self._until_one_ends(min(LOOK_EVERY_SECONDS, remaining))

    async def end(self) -> None:
        """Let the next one look."""
        async with self._ended:
            self._ended.notify()

    async def _until_one_ends(self, seconds: float) -> None:
        try:
            async with self._ended, asyncio.timeout(seconds):
                await self._ended.wait()
        except TimeoutError:
            return

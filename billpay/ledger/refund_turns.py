"""Waiting for a channel at nobody's cost: nothing is asked of the ledger meanwhile, and no step is begun again.

A refund that ends gives its channel up, and wakes one of this worker's that wait. What other workers give up is seen by
looking now and then.
"""

import asyncio

from billpay.store.channels import ChannelStore

PATIENCE_SECONDS = 15.0
"""Two or three ledgers. Longer would keep a stopping worker waiting, and the step's own time is limited."""

LOOK_EVERY_SECONDS = 3.0


class Turns:
    """The refunds of one worker that wait for a channel."""

    def __init__(self, channels: ChannelStore, *, patience_seconds: float) -> None:
        self._channels = channels
        self._patience_seconds = patience_seconds
        self._ended = asyncio.Condition()

    async def wait(self, refund_id: str) -> None:
        """Return once the refund may get a channel, or after the patience is over; promises nothing."""
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

"""A Temporal client that starts nothing and remembers everything."""

import asyncio
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Recording:
    """A Temporal client that remembers what it was asked to start."""

    started: list[dict[str, Any]] = field(default_factory=list)
    fails: list[Exception] = field(default_factory=list)
    """Raised by the next calls, in order, after each was remembered."""

    poison: dict[str, Exception] = field(default_factory=dict)
    """Raised by every call for these ids."""

    heard: asyncio.Event = field(default_factory=asyncio.Event)
    answers: asyncio.Event | None = None
    """Where there is one, nothing is answered before it is set."""

    at_once: int = 0
    most_at_once: int = 0

    async def start_workflow(self, workflow: str, request: Any, **facts: Any) -> None:
        self.started.append({"workflow": workflow, "request": request, **facts})
        self.heard.set()
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await (self.answers.wait() if self.answers else asyncio.sleep(0))
        finally:
            self.at_once -= 1
        if facts["id"] in self.poison:
            raise self.poison[facts["id"]]
        if self.fails:
            raise self.fails.pop(0)

    @property
    def ids(self) -> list[str]:
        return [start["id"] for start in self.started]

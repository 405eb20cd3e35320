"""What the demo shows: a live table on a terminal, plain lines everywhere else."""

import io
import re
from collections import defaultdict
from collections.abc import Sequence
from types import TracebackType
from typing import Self, TextIO

from rich import box
from rich.console import Console
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from billpay.domain.money import spoken_cngn
from billpay.domain.statuses import BillStatus
from starter.demo.board import Line
from starter.demo.stories import STORIES
from starter.truth import Comparison

_HASH = re.compile(r"\b([0-9a-f]{8})[0-9a-f]{56}\b")
_PLAIN_WIDTH = 120
_WIDE = 108
"""Columns a table with memos needs."""

_BAR_WIDTH = 8
_LONGEST_STATUS = max(map(len, BillStatus))
"""The table keeps its width while statuses change."""

_STYLES = {
    BillStatus.COMPLETED: "green",
    BillStatus.REFUNDED: "cyan",
    BillStatus.NEEDS_REVIEW: "red",
    BillStatus.RETRY_SCHEDULED: "yellow",
    BillStatus.PROVIDER_PROCESSING: "yellow",
}


def console_on(stream: TextIO) -> Console:
    """Build a console that writes control characters to a terminal only, whatever the environment wishes."""
    if isinstance(stream, io.TextIOWrapper):
        # A naira sign must not end the demo where the output knows ASCII only.
        stream.reconfigure(errors="replace")
    if stream.isatty():
        return Console(file=stream)
    return Console(file=stream, force_terminal=False, no_color=True, width=_PLAIN_WIDTH)


class Screen:
    """Tells the demo as it goes; everything printed while the table lives appears above it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None
        self._told: dict[str, int] = defaultdict(int)
        """How many steps of each story were printed."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.freeze()

    def say(self, text: str = "", style: str = "") -> None:
        """Print one line as it is."""
        self._console.print(Text(text, style=style), soft_wrap=True)

    def introduce(self) -> None:
        """Say what is about to be seen."""
        self.say("Eight customers pay eight bills in cNGN", "bold")
        self.say(
            "The ledger, the providers and the phones are simulated; "
            "PostgreSQL, Temporal and all code are real."
        )
        self.say()
        for story in STORIES:
            self._console.print(Text.assemble((f"  {story.title:18}", "bold"), story.tells))
        self.say()

    def show(self, lines: Sequence[Line]) -> None:
        """Show where the payments stand now."""
        if self._console.is_terminal and not self._console.is_dumb_terminal:
            self._show_live(lines)
        else:
            self._show_steps(lines)

    def message(self, subject: str, body: str) -> None:
        """Show a message as its customer reads it."""
        self._console.print(
            Panel(Text(body), title=Text(subject), title_align="left", expand=False)
        )

    def freeze(self) -> None:
        """Let the table stay as it is; what is printed from now on appears below it."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def compare(self, comparison: Comparison) -> None:
        """Show the hidden truth beside our records, and every difference."""
        table = Table(title="What really happened, and what our records say", title_justify="left")
        for heading in ("payment", "the sandbox's hidden truth", "our records", "agree"):
            table.add_column(heading)
        for row in comparison.rows:
            verdict = Text("yes", "green") if row.agrees else Text("NO", "bold red")
            table.add_row(Text(row.title), Text(row.truth), Text(row.records), verdict)
        self._console.print(table)
        for difference in comparison.differences:
            self.say(difference, "red")

    def _show_live(self, lines: Sequence[Line]) -> None:
        table = _table(lines, self._console.width)
        if self._live is None:
            self._live = Live(table, console=self._console, auto_refresh=False)
            self._live.start()
        self._live.update(table, refresh=True)

    def _show_steps(self, lines: Sequence[Line]) -> None:
        """Print a line for each step that was not printed yet, in the order in which they happened."""
        new = [
            (step, line.story.title)
            for line in lines
            for step in line.steps[self._told[line.story.title] :]
        ]
        for step, title in sorted(new, key=lambda told: told[0].after):
            detail = _HASH.sub(r"\1...", step.detail)
            self.say(f"{step.after.seconds:3} s  {title:18}{step.status:21}{detail}")
        for line in lines:
            self._told[line.story.title] = len(line.steps)


def _table(lines: Sequence[Line], width: int) -> Table:
    """Lay the payments out; a narrow terminal does without the memos, which were printed before."""
    with_memo = width >= _WIDE
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for heading in ("order", "amount", *(["memo"] if with_memo else [])):
        table.add_column(heading, no_wrap=True)
    table.add_column("status", no_wrap=True, min_width=_LONGEST_STATUS)
    table.add_column("provider", no_wrap=True)
    table.add_column("try", no_wrap=True, justify="right")
    table.add_column("elapsed", no_wrap=True, justify="right")
    table.add_column("progress", no_wrap=True)
    for line in lines:
        table.add_row(
            Text(line.story.title, "bold"),
            spoken_cngn(line.due),
            *([Text(line.memo, "dim")] if with_memo else []),
            Text(line.status, _STYLES.get(line.status, "")),
            line.provider or "",
            str(line.tries or ""),
            f"{line.elapsed.seconds} s",
            _bar(line),
        )
    return table


def _bar(line: Line) -> ProgressBar:
    return ProgressBar(
        total=1,
        completed=line.progress,
        width=_BAR_WIDTH,
        complete_style="cyan",
        finished_style="green",
    )

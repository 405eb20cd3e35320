"""What is seen: plain text where nobody watches live, a table where somebody does."""

import io
import unicodedata
from datetime import timedelta

import pytest
from rich.console import Console

from billpay.domain.money import cngn
from billpay.domain.statuses import BillStatus
from starter.demo.board import Line, Step
from starter.demo.screen import Screen, console_on
from starter.demo.stories import STORIES
from starter.truth import Comparison, Row

S = BillStatus
DETAIL = "the biller is offline [030]"
AGREEING = Comparison([Row("airtime", "sold", "completed", agrees=True)], [])
DIFFERING = Comparison(
    [Row("airtime", "sold", "refunded", agrees=False)], ["I3 1: sold, and 500 cNGN went back"]
)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def line(*statuses, story=STORIES[0]):
    steps = [Step(status, timedelta(seconds=i), DETAIL) for i, status in enumerate(statuses)]
    return Line(
        story=story,
        due=cngn("5030"),
        memo="BILL-1111111111111111111112",
        bought_from=["vtpass"],
        steps=steps,
        elapsed=timedelta(seconds=61),
    )


def tell_everything(screen):
    """Let a screen show all it can."""
    with screen:
        screen.introduce()
        screen.say("Temporal Web UI: http://127.0.0.1:8233")
        screen.show([line(S.CNGN_RECEIVED)])
        screen.message("Electricity Token - ₦5,000 EKEDC", "Your payment was successful!")
        screen.show([line(S.CNGN_RECEIVED, S.VERIFYING_ACCOUNT, S.COMPLETED)])
        screen.freeze()
        screen.compare(AGREEING)
        screen.compare(DIFFERING)


@pytest.fixture
def plain():
    return io.StringIO()


def test_without_a_terminal_no_control_character_is_written(plain, monkeypatch):
    """A log must stay readable, even where the environment wishes for colours."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    tell_everything(Screen(console_on(plain)))
    controls = {c for c in plain.getvalue() if unicodedata.category(c) == "Cc"}
    assert controls == {"\n"}


def test_without_a_terminal_each_step_is_one_line_and_told_once(plain):
    tell_everything(Screen(console_on(plain)))
    steps = [text for text in plain.getvalue().splitlines() if DETAIL in text]
    assert [text.split()[3] for text in steps] == [
        S.CNGN_RECEIVED,
        S.VERIFYING_ACCOUNT,
        S.COMPLETED,
    ]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.title)
def test_every_story_is_introduced_in_one_line(plain, story):
    Screen(console_on(plain)).introduce()
    introduced = [text for text in plain.getvalue().splitlines() if story.title in text]
    assert len(introduced) == 1
    assert story.tells in introduced[0]


def test_a_message_is_shown_word_for_word(plain):
    body = "Meter: 1234567890\nToken: 1234-5678-9012-3456-7890 [not markup]"
    Screen(console_on(plain)).message("Electricity Token", body)
    assert "Electricity Token" in plain.getvalue()
    assert all(text in plain.getvalue() for text in body.splitlines())


def test_every_difference_is_listed(plain):
    Screen(console_on(plain)).compare(DIFFERING)
    assert DIFFERING.differences[0] in plain.getvalue().splitlines()
    assert "NO" in plain.getvalue()


def test_where_both_sides_agree_nothing_is_marked(plain):
    Screen(console_on(plain)).compare(AGREEING)
    assert "yes" in plain.getvalue()
    assert "NO" not in plain.getvalue()


def test_a_terminal_shows_the_newest_table_and_what_was_said_above_it():
    terminal = Terminal()
    screen = Screen(Console(file=terminal, force_terminal=True, width=140))
    with screen:
        screen.show([line(S.CNGN_RECEIVED)])
        screen.say("said above")
        screen.show([line(S.CNGN_RECEIVED, S.PROCESSING_BILL)])
    last = terminal.getvalue().split("said above")[-1]
    for told in ("Electricity", "5,030 cNGN", "BILL-1", S.PROCESSING_BILL, "vtpass", "61 s"):
        assert told in last


def test_a_terminal_is_left_with_its_cursor_shown():
    terminal = Terminal()
    tell_everything(Screen(Console(file=terminal, force_terminal=True, width=140)))
    shown, hidden = "\x1b[?25h", "\x1b[?25l"
    assert terminal.getvalue().rfind(shown) > terminal.getvalue().rfind(hidden) >= 0


def test_a_narrow_terminal_still_shows_the_status():
    terminal = Terminal()
    screen = Screen(Console(file=terminal, force_terminal=True, width=80))
    with screen:
        screen.show([line(S.CNGN_RECEIVED, S.PROVIDER_PROCESSING)])
    assert S.PROVIDER_PROCESSING in terminal.getvalue()


def test_a_terminal_that_knows_no_cursor_gets_plain_lines(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    terminal = Terminal()
    with Screen(console_on(terminal)) as screen:
        screen.show([line(S.CNGN_RECEIVED)])
    assert DETAIL in terminal.getvalue()
    assert "\x1b" not in terminal.getvalue()


def test_an_output_that_knows_ascii_only_is_written_all_the_same():
    written = io.BytesIO()
    screen = Screen(console_on(io.TextIOWrapper(written, encoding="ascii", write_through=True)))
    screen.message("Airtime Delivered - ₦500 MTN", "Your airtime has been delivered!")
    assert b"Airtime Delivered - ?500 MTN" in written.getvalue()

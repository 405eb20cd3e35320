"""How every command ends: answers on stdout, one plain line on stderr for whatever was foreseeable, and an exit code.

0  done
1  it could not be done: no database, no Temporal, refused by the payment
2  it can never be done as it was asked: impossible input
"""

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import typer
from typer.core import TyperGroup

from billpay.failures import Failure, Invalid
from billpay.settings import SettingsError
from starter.pricing import UnknownProduct

T = TypeVar("T")

FAILED = 1
IMPOSSIBLE = 2


class RefusedError(Exception):
    """What was asked is not possible as things stand; nothing was changed."""


class PlainGroup(TyperGroup):
    """The commands, with plain endings; an exception that is none of our words is a bug and shows itself whole."""

    def main(self, *args: Any, **words: Any) -> Any:
        """Run the command that was asked for and end the process."""
        words["standalone_mode"] = False
        try:
            code = super().main(*args, **words)
        except UnknownProduct as unknown:
            end("\n".join((unknown.detail, *unknown.menu)), IMPOSSIBLE)
        except Invalid as impossible:
            end(impossible.detail, IMPOSSIBLE)
        except (Failure, SettingsError) as failure:
            end(failure.detail if isinstance(failure, Failure) else str(failure), FAILED)
        except RefusedError as refused:
            end(f"refused: {refused}", FAILED)
        except typer.Abort:
            end("given up", FAILED)
        except typer.TyperException as unusable:
            message = unusable.format_message() if hasattr(unusable, "format_message") else ""
            end(message or str(unusable), IMPOSSIBLE)
        sys.exit(code if isinstance(code, int) else 0)


def end(line: str, code: int) -> NoReturn:
    """Say why not, and end."""
    typer.echo(line, err=True)
    sys.exit(code)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Do a command's work."""
    return asyncio.run(work)


def state_of(context: typer.Context) -> Path | None:
    """Answer the folder that `--state` names; None for the usual one."""
    state: Path | None = context.obj
    return state

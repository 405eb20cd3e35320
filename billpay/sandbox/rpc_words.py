"""What an RPC server says when it cannot answer: JSON-RPC's numbers, and the words of stellar-rpc.

The words are those of stellar/stellar-rpc (cmd/stellar-rpc/internal/methods) and of the JSON-RPC library it is made
with.
"""

from collections.abc import Mapping, Sequence
from typing import Any

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603

Params = Mapping[str, Any]


class RpcProblem(Exception):  # noqa: N818  it is said, not thrown at anybody
    """An answer that is an error; HTTP calls it a success."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.document = {"code": code, "message": message} | (
            {} if data is None else {"data": data}
        )


def invalid_params(message: str) -> RpcProblem:
    """Say what is wrong with the parameters."""
    return RpcProblem(INVALID_PARAMS, message)


def text_of(params: Params, name: str) -> str:
    """Read a text; the empty one where there is none or `null`, as Go does."""
    value = "" if params.get(name) is None else params[name]
    if not isinstance(value, str):
        raise _unreadable(name, "string")
    return value


def number_of(params: Params, name: str) -> int:
    """Read a number of 32 bits; zero where there is none."""
    value = 0 if params.get(name) is None else params[name]
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 32:
        raise _unreadable(name, "uint32")
    return value


def object_of(params: Params, name: str) -> Params:
    """Read an object; an empty one where there is none."""
    value = params.get(name) or {}
    if not isinstance(value, dict):
        raise _unreadable(name, "object")
    return value


def objects_of(params: Params, name: str) -> Sequence[Params]:
    """Read a list of objects."""
    value = _list_of(params, name)
    if not all(isinstance(entry, dict) for entry in value):
        raise _unreadable(name, "object")
    return value


def texts_of(params: Params, name: str) -> Sequence[str]:
    """Read a list of texts."""
    value = _list_of(params, name)
    if not all(isinstance(entry, str) for entry in value):
        raise _unreadable(name, "string")
    return value


def lists_of(params: Params, name: str) -> Sequence[Sequence[str]]:
    """Read a list of lists of texts."""
    return [texts_of({name: entry}, name) for entry in _list_of(params, name)]


def _list_of(params: Params, name: str) -> Sequence[Any]:
    value = params.get(name) or []
    if not isinstance(value, list):
        raise _unreadable(name, "array")
    return value


def _unreadable(name: str, kind: str) -> RpcProblem:
    return RpcProblem(INVALID_PARAMS, "invalid parameters", f"{name}: cannot read it as {kind}")

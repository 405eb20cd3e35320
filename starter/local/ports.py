"""Which ports the parts of a local stack listen on: the usual ones, else free ones, the same again next time."""

import socket
from collections.abc import Callable, Mapping

LOOPBACK = "127.0.0.1"

DEFAULTS: Mapping[str, int] = {
    "PostgreSQL": 5433,
    "Temporal": 7233,
    "Temporal's Web UI": 8233,
    "the sandbox": 8700,
}
"""Who listens where unless the port is taken; the names are those a person reads."""

_NEIGHBOURS = 100
"""How many ports above a taken one are tried before any free one will do."""


def is_free(port: int) -> bool:
    """Whether a server could listen on this port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def any_free_port() -> int:
    """Let the system name a free port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


class Ports:
    """The ports of one run; one that was given stays the same for the whole run."""

    def __init__(self, remembered: Mapping[str, int], say: Callable[[str], None]) -> None:
        self._remembered = remembered
        self._say = say
        self.given: dict[str, int] = {}

    def of(self, name: str) -> int:
        """Answer the port of a part, chosen at the first question."""
        if name not in self.given:
            wanted = self._remembered.get(name, DEFAULTS[name])
            self.given[name] = wanted if is_free(wanted) else self._instead_of(wanted, name)
        return self.given[name]

    def give_up_taken(self, *names: str) -> None:
        """Forget those of these ports that somebody else took before their part could listen."""
        for name in names:
            if name in self.given and not is_free(self.given[name]):
                del self.given[name]

    def _instead_of(self, taken: int, name: str) -> int:
        reserved = {*DEFAULTS.values(), *self._remembered.values(), *self.given.values()}
        above = range(taken + 1, min(taken + _NEIGHBOURS, 65_536))
        candidates = (port for port in above if port not in reserved and is_free(port))
        chosen = next(candidates, None) or any_free_port()
        self._say(f"port {taken} is taken: {name} listens on {chosen} instead")
        return chosen

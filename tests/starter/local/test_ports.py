import socket
from collections.abc import Iterator

import pytest

from starter.local.ports import DEFAULTS, LOOPBACK, Ports, any_free_port, is_free

PORT = "the sandbox"


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture
def said() -> list[str]:
    return []


def test_a_free_port_that_was_used_before_is_used_again_without_a_word(said):
    port = any_free_port()
    assert Ports({PORT: port}, said.append).of(PORT) == port
    assert said == []


def test_a_taken_port_is_said_in_one_line_and_another_one_is_given(taken, said):
    given = Ports({PORT: taken}, said.append).of(PORT)
    assert given != taken
    assert is_free(given)
    assert said == [f"port {taken} is taken: {PORT} listens on {given} instead"]


def test_a_part_keeps_its_port_for_the_whole_run(taken, said):
    ports = Ports({PORT: taken}, said.append)
    assert ports.of(PORT) == ports.of(PORT)
    assert len(said) == 1


def test_the_port_given_instead_is_nobody_elses(taken, said):
    ports = Ports(dict.fromkeys(DEFAULTS, taken), said.append)
    given = {ports.of(name) for name in DEFAULTS}
    assert len(given) == len(DEFAULTS)
    assert given.isdisjoint(DEFAULTS.values())


def test_a_port_lost_between_choice_and_use_is_given_up(said):
    with socket.socket() as stranger:
        port = any_free_port()
        ports = Ports({PORT: port}, said.append)
        assert ports.of(PORT) == port
        stranger.bind((LOOPBACK, port))
        stranger.listen()
        ports.give_up_taken(PORT)
        assert ports.of(PORT) != port


def test_a_port_that_is_still_free_is_not_given_up(said):
    ports = Ports({PORT: any_free_port()}, said.append)
    before = ports.of(PORT)
    ports.give_up_taken(PORT)
    assert ports.of(PORT) == before

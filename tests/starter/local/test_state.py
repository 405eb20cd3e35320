import stat
import subprocess
import sys

import pytest

from billpay.failures import Misconfigured
from starter.local.state import ChildRecord, StackState, write_private

HOLD_AND_DIE = """
import os, signal, sys
from pathlib import Path
from starter.local.state import StackState
StackState(Path(sys.argv[1])).hold()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def state(tmp_path):
    return StackState(tmp_path / "state")


@pytest.fixture
def held(state):
    state.hold()
    yield state
    state.release()


def test_a_second_stack_in_the_same_folder_is_refused_in_one_line(held):
    with pytest.raises(Misconfigured) as refused:
        StackState(held.folder).hold()
    assert "a stack is up already" in refused.value.detail
    assert len(refused.value.detail.splitlines()) == 1


def test_a_released_folder_can_be_held_again(held):
    held.release()
    again = StackState(held.folder)
    again.hold()
    again.release()


def test_a_stack_that_was_killed_holds_nothing(state):
    killed = subprocess.run([sys.executable, "-c", HOLD_AND_DIE, str(state.folder)], check=False)
    assert killed.returncode < 0
    assert not state.is_up()
    state.hold()
    state.release()


def test_whoever_asks_does_not_take_the_folder(held):
    assert StackState(held.folder).is_up()
    assert StackState(held.folder).is_up()
    assert held.is_held


def test_a_folder_that_was_never_used_is_not_up(state):
    assert not state.is_up()


def test_what_is_published_can_be_read_by_others_and_only_by_this_user(held):
    environment = {"DATABASE_URL": "postgresql://a:b@127.0.0.1/c", "SKIP_EXTERNALS": "true"}
    held.publish(environment)
    assert StackState(held.folder).published() == environment
    assert stat.S_IMODE((held.folder / "stack.env").stat().st_mode) == 0o600


def test_what_a_killed_stack_published_is_not_believed(held):
    held.publish({"DATABASE_URL": "postgresql://a:b@127.0.0.1/c"})
    held.release()
    assert StackState(held.folder).published() == {}


def test_withdrawn_settings_are_gone(held):
    held.publish({"SKIP_EXTERNALS": "true"})
    held.withdraw()
    assert held.published() == {}
    assert not (held.folder / "stack.env").exists()


def test_only_the_owner_may_look_into_the_folder(held):
    assert stat.S_IMODE(held.folder.stat().st_mode) == 0o700


def test_ports_and_children_are_remembered_beside_each_other(held):
    child = ChildRecord(name="worker", pid=1, arguments=["python"], stop_signal=15)
    held.remember_child(child)
    held.remember_ports({"Temporal": 7234})
    other = StackState(held.folder)
    assert other.ports() == {"Temporal": 7234}
    assert other.children() == [child]
    other.forget_child("worker")
    assert held.children() == []
    assert held.ports() == {"Temporal": 7234}


def test_a_child_that_is_started_again_is_remembered_once_and_as_the_newest(held):
    for name, pid in (("postgres", 1), ("worker", 2), ("postgres", 3)):
        held.remember_child(ChildRecord(name=name, pid=pid, arguments=[], stop_signal=15))
    assert [(child.name, child.pid) for child in held.children()] == [
        ("worker", 2),
        ("postgres", 3),
    ]


def test_a_record_that_was_torn_by_a_crash_costs_only_what_it_said(held):
    held.remember_ports({"Temporal": 7234})
    (held.folder / "stack.json").write_text('{"ports": {"Temp')
    assert held.ports() == {}
    held.remember_ports({"Temporal": 7235})
    assert held.ports() == {"Temporal": 7235}


def test_a_private_file_replaces_an_open_one(tmp_path):
    path = tmp_path / "secret"
    path.write_text("everyone's")
    write_private(path, "mine")
    assert path.read_text() == "mine"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_any_value_survives_being_published(held):
    odd = {"DATABASE_URL": "postgresql://o'neil:a\\b${HOME}#c d@127.0.0.1/e", "SANDBOX_URL": "'"}
    held.publish(odd)
    assert held.published() == odd

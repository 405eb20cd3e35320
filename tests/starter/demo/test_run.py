"""How the demo ends where it cannot begin; the demo itself is run by hand and by whoever checks the whole."""

from billpay.settings import Settings
from starter.demo import run_demo
from starter.demo.run import ENVIRONMENT, OTHERWISE
from starter.local.state import StackState


def test_a_start_that_fails_is_said_in_one_line_with_the_place_of_the_logs(tmp_path, capsys):
    held = StackState(tmp_path)
    held.hold()
    try:
        code = run_demo(tmp_path)
    finally:
        held.release()
    told = capsys.readouterr().out.splitlines()
    assert code == OTHERWISE
    assert "up already" in told[-2]
    assert told[-1] == f"the logs are in {tmp_path / 'logs'}"


def test_what_the_demo_sets_is_known_to_the_settings():
    assert {name.lower() for name in ENVIRONMENT} <= Settings.model_fields.keys()

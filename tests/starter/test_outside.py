"""Which outside a local stack uses; nothing is started here."""

import pytest

from billpay.failures import Misconfigured
from billpay.settings import SettingsError
from starter.stack import Stack


async def test_half_an_outside_is_never_guessed_at(tmp_path):
    """Real deposits that a simulated provider delivers would be the customers' loss."""
    stack = Stack(tmp_path / "state", environ={"HORIZON_URL": "https://horizon.example"})
    with pytest.raises(Misconfigured, match="HORIZON_URL set, but not SKIP_EXTERNALS"):
        await stack.start()
    assert not (tmp_path / "state").exists()


async def test_a_wrong_setting_is_refused_before_anything_runs(tmp_path):
    stack = Stack(tmp_path / "state", environ={"BILL_PROCESSOR_BATCH_SIZE": "many"})
    with pytest.raises(SettingsError, match="BILL_PROCESSOR_BATCH_SIZE"):
        await stack.start()
    assert not (tmp_path / "state").exists()


async def test_a_stack_that_was_never_up_stops_nothing(tmp_path):
    """Another one may be up in the same folder."""
    state = Stack(tmp_path / "state", environ={})._state
    state.hold()
    state.publish({"SKIP_EXTERNALS": "true"})
    await Stack(tmp_path / "state", environ={}).stop()
    assert state.published() == {"SKIP_EXTERNALS": "true"}
    state.release()

"""What customers are told, and that a silent channel keeps nothing waiting but its own messages."""

from activities import names
from billpay.domain.bills import BillType
from billpay.domain.messages import MessageKind
from billpay.domain.money import Stroops
from billpay.domain.outcomes import Delivered, Processing
from billpay.domain.routing import ProviderName
from billpay.domain.steps import Payable
from billpay.failures import Unavailable

SILENCE = Unavailable("the channel takes no messages")
TOO_MUCH = Payable(
    bill_type=BillType.ELECTRICITY,
    title="a bill",
    route=(ProviderName.VTPASS,),
    excess=Stroops(7_000_000),
)


def happened(stage):
    """Every step in order; a message by its kind."""
    return [getattr(call.request, "kind", call.name) for call in stage.outside.calls]


def last(steps, what):
    return len(steps) - 1 - steps[::-1].index(what)


async def test_a_silent_channel_keeps_no_excess_waiting(on_stage):
    """I8, fault 65: the message is tried for up to a day, the money goes at once."""
    async with on_stage(verdict=TOO_MUCH, notify=[SILENCE, SILENCE, None]) as stage:
        assert await stage.pay_bill() == "completed"
    steps = happened(stage)
    assert steps.index(names.REFUND_PAYMENT) < last(steps, MessageKind.COMPLETED)


async def test_a_silent_channel_keeps_no_certainty_waiting(on_stage):
    """I8: a parked payment whose provider has spoken is settled, whether or not its customer could be told."""
    answers = [Processing(), Delivered(provider_reference="VT-1")]
    silence = [SILENCE] * 6
    async with on_stage(pay=[Processing()], confirm=answers, notify=[*silence, None]) as stage:
        assert await stage.pay_bill(confirmation_deadline_seconds=30) == "completed"
    steps = happened(stage)
    assert steps.index(names.STORE_RESULT) < last(steps, MessageKind.STILL_CONFIRMING)


async def test_messages_arrive_in_the_order_of_what_they_tell(on_stage):
    """Nobody hears of the rest of their money before they hear of their purchase."""
    async with on_stage(verdict=TOO_MUCH, notify=[SILENCE, SILENCE, None]) as stage:
        assert await stage.pay_bill() == "completed"
    assert stage.outside.kinds_told() == ["completed"] * 3 + ["excess_refunded"]


async def test_a_payment_ends_once_everything_was_told(on_stage):
    """A workflow that ended before would take its message with it."""
    async with on_stage(notify=[SILENCE, None]) as stage:
        assert await stage.pay_bill() == "completed"
    assert stage.outside.kinds_told() == ["completed"] * 2

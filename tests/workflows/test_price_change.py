"""What goes back after delivery follows the price that was found last."""

from activities import names
from billpay.domain.bills import BillType
from billpay.domain.money import Stroops
from billpay.domain.outcomes import Declined, Delivered, Whose
from billpay.domain.refunds import RefundPurpose
from billpay.domain.routing import ProviderName
from billpay.domain.steps import AccountAnswer, Payable

VTPASS, FLUTTERWAVE, _ = ProviderName
DELIVERED = Delivered(provider_reference="VT-1")
FELL = AccountAnswer(refused=None, excess=Stroops(50))


def payable(*route, excess=0):
    return Payable(bill_type=BillType.DATA, title="data", route=route, excess=Stroops(excess))


async def returned(stage):
    """The refunds of a payment that was delivered."""
    assert await stage.pay_bill() == "completed"
    refunds = stage.outside.requests(names.REFUND_PAYMENT)
    return [(refund.purpose, refund.amount) for refund in refunds]


async def test_what_a_lower_price_leaves_goes_back_after_delivery(on_stage):
    """I2."""
    async with on_stage(verdict=payable(VTPASS), account=[FELL]) as stage:
        assert await returned(stage) == [(RefundPurpose.EXCESS, 50)]
        (request,) = stage.outside.requests(names.VERIFY_ACCOUNT)
        assert request.operation_id is not None


async def test_the_price_of_the_provider_that_delivers_is_the_one_that_counts(on_stage):
    answers = {
        "account": [FELL, AccountAnswer(refused=None, excess=Stroops(0))],
        "pay": [Declined(reason="off", whose=Whose.PROVIDER), DELIVERED],
    }
    async with on_stage(verdict=payable(FLUTTERWAVE, VTPASS), **answers) as stage:
        assert await returned(stage) == []


async def test_what_came_too_much_goes_back_where_nothing_else_is_known(on_stage):
    async with on_stage(verdict=payable(VTPASS, excess=7)) as stage:
        assert await returned(stage) == [(RefundPurpose.EXCESS, 7)]

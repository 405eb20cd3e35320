"""A provider that cannot be bought from, or fails everybody, makes way for the next one at once."""

from activities import names
from billpay.domain.bills import BillType
from billpay.domain.money import Stroops
from billpay.domain.outcomes import Delivered, NotSold
from billpay.domain.routing import ProviderName
from billpay.domain.steps import AccountAnswer, Payable
from billpay.failures import Unavailable

FLUTTERWAVE, VTPASS = ProviderName.FLUTTERWAVE, ProviderName.VTPASS
TWO_PROVIDERS = Payable(
    bill_type=BillType.ELECTRICITY,
    title="a bill",
    route=(FLUTTERWAVE, VTPASS),
    excess=Stroops(0),
)
PASSED_OVER = AccountAnswer(refused=None, passed_over="it does not sell DStv Compact")
OK = AccountAnswer(refused=None)


async def test_the_next_provider_is_asked_where_one_is_passed_over(on_stage):
    """Nothing was bought and nothing is said of the account."""
    async with on_stage(verdict=TWO_PROVIDERS, account=[PASSED_OVER, OK]) as stage:
        assert await stage.pay_bill() == "completed"
    asked = stage.outside.requests(names.VERIFY_ACCOUNT)
    assert [(one.provider, one.others) for one in asked] == [(FLUTTERWAVE, (VTPASS,)), (VTPASS, ())]
    assert [step.provider for step in stage.outside.requests(names.PAY_BILL)] == [VTPASS]


async def test_where_everybody_is_passed_over_the_money_goes_back(on_stage):
    async with on_stage(verdict=TWO_PROVIDERS, account=[PASSED_OVER]) as stage:
        assert await stage.pay_bill() == "refunded"
    assert stage.outside.count(names.PAY_BILL) == 0


async def test_a_purchase_that_makes_way_is_given_up_and_not_repeated(on_stage):
    """I4: nobody has sent it, and our records have closed it."""
    pay = [NotSold(code="never sent"), Delivered(provider_reference="VT-1")]
    async with on_stage(verdict=TWO_PROVIDERS, pay=pay) as stage:
        assert await stage.pay_bill() == "completed"
    steps = stage.outside.requests(names.PAY_BILL)
    assert [(step.provider, step.number) for step in steps] == [(FLUTTERWAVE, 1), (VTPASS, 2)]
    assert [step.others for step in steps] == [(VTPASS,), ()]
    assert stage.outside.count(names.ABANDON_ATTEMPT) == 1


async def test_the_last_provider_has_nobody_to_make_way_for(on_stage):
    """An open breaker shortens nobody's way to a refund: the rhythm is the usual one."""
    async with on_stage(verdict=TWO_PROVIDERS, pay=[Unavailable("offline")]) as stage:
        assert await stage.pay_bill() == "refunded"
    steps = stage.outside.requests(names.PAY_BILL)
    assert [step.others for step in steps] == [(VTPASS,)] * 3 + [()] * 3

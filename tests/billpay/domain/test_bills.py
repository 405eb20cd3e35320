import pytest

from billpay.domain.bills import BILLERS, BillType, biller_name, find_biller
from billpay.failures import Invalid


@pytest.mark.parametrize("biller", BILLERS, ids=lambda biller: biller.code)
def test_every_name_of_a_biller_finds_it(biller):
    names = {biller.code, biller.name, *biller.aliases} - {"kedc"}
    for bill_type in biller.bill_types:
        for name in names:
            assert find_biller(f" {name.upper()} ", bill_type) is biller


def test_kedc_is_kano_and_kaduna_and_therefore_neither():
    with pytest.raises(Invalid, match="ambiguous") as refusal:
        find_biller("KEDC", BillType.ELECTRICITY)
    assert "kedco (Kano) or kaedco (Kaduna)" in refusal.value.detail


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("IE", "ikedc"),
        ("Ikeja Electric", "ikedc"),
        ("ikeja-electric", "ikedc"),
        ("EKO DISCO", "ekedc"),
        ("EKEDP", "ekedc"),
        ("Abuja Electricity Distribution Company", "aedc"),
        ("Kano Electric", "kedco"),
        ("PHEDC", "phed"),
        ("Port Harcourt", "phed"),
        ("portharcourt-electric", "phed"),
        ("JEDC", "jed"),
        ("KAEDC", "kaedco"),
        ("Kaduna Electric", "kaedco"),
        ("Aba Power", "abedc"),
        ("APLE", "abedc"),
    ],
)
def test_a_disco_is_found_by_the_names_people_and_providers_write(text, code):
    assert find_biller(text, BillType.ELECTRICITY).code == code


@pytest.mark.parametrize(
    ("name", "bill_type"),
    [
        ("", BillType.ELECTRICITY),
        ("nepa", BillType.ELECTRICITY),
        ("mtn", BillType.ELECTRICITY),
        ("dstv", BillType.DATA),
        ("ekedc", BillType.AIRTIME),
        ("vtpass", BillType.AIRTIME),
    ],
)
def test_a_name_of_nobody_is_refused_with_the_names_there_are(name, bill_type):
    with pytest.raises(Invalid, match="choose one of"):
        find_biller(name, bill_type)


def test_codes_are_unique_and_no_alias_hides_a_code():
    codes = [biller.code for biller in BILLERS]
    assert len(set(codes)) == len(codes)
    assert not {alias for biller in BILLERS for alias in biller.aliases} & set(codes)


def test_the_name_shown_is_the_billers_own():
    assert biller_name("gotv") == "GOtv"
    assert biller_name("unheard-of") == "UNHEARD-OF"

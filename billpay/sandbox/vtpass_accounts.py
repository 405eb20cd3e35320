"""What merchant-verify answers for a meter or smartcard, in each biller's own fields.

Shapes from vtpass.com/documentation, product pages: a wrong number is answered with code 000 too, `WrongBillersCode`
is a bool or text or absent, Jos names nobody, Eko's minimum is a number, each TV biller writes dates its own way.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from billpay.domain.money import KOBO_PER_NAIRA
from billpay.sandbox.scripts import Script, Verify
from billpay.sandbox.vtpass_catalogue import METER_TYPES, Kind, Service
from billpay.sandbox.vtpass_codes import Refusal
from billpay.sandbox.vtpass_requests import find_service, text_field

_VERIFIABLE = (Kind.ELECTRICITY, Kind.TV)
_HOLDERS = {"1234567890": "AMAKA OBI"}
_RENEWALS_NAIRA = {"1234567890": 7400}
"""DStv accounts that renew below their bouquet's list price."""

_COMPACT_NAIRA = 7900
_GOTV_MAX_NAIRA = 3600
_DAYS_LEFT = 12


def read_account(body: Mapping[str, Any]) -> tuple[Service, str, str | None]:
    """Read whom a merchant-verify asks about: service, account and, for electricity, meter type.

    Raises:
        Refusal: 011 where a field is missing, 012 where the service offers no verification.
    """
    service = find_service(text_field(body, "serviceID"))
    account = text_field(body, "billersCode")
    if service.kind not in _VERIFIABLE or service.service_id == "showmax":
        raise Refusal("012")
    meter_type = text_field(body, "type") if service.kind is Kind.ELECTRICITY else None
    if not account or (meter_type is not None and meter_type not in METER_TYPES):
        raise Refusal("011")
    return service, account, meter_type


def verification(
    service: Service, account: str, meter_type: str | None, script: Script, now: datetime
) -> dict[str, Any]:
    """Write merchant-verify's `content`.

    Raises:
        Refusal: 030 where the biller cannot be asked.
    """
    if script.verify is Verify.UNAVAILABLE:
        raise Refusal("030")
    if meter_type is None:
        return _smartcard(service, account, script.verify, now)
    if script.verify is Verify.WRONG:
        name = service.name.split(" Payment")[0]
        # Some billers write the flag as text.
        flag = "true" if service.service_id == "kano-electric" else True
        return {
            "error": f"This meter is not correct or is not a valid {name} {meter_type} meter. "
            "Please check and try again",
            "WrongBillersCode": flag,
        }
    return _meter(service, account, meter_type, script)


def _commission(service: Service) -> dict[str, Any]:
    return {
        "amount": None,
        "rate": service.commission_rate,
        "rate_type": "percent",
        "computation_type": "default",
    }


def _meter(service: Service, account: str, meter_type: str, script: Script) -> dict[str, Any]:
    common = {
        "Customer_Name": _HOLDERS.get(account, "TESTMETER1"),
        "Address": "ABULE EGBA BU ABULE",
        "Can_Vend": "yes" if script.verify is Verify.OK else "no",
        "WrongBillersCode": False,
        "commission_details": _commission(service),
    }
    minimum = max(service.minimum, script.least_kobo) / KOBO_PER_NAIRA
    if service.service_id == "jos-electric":
        # Jos names nobody, and spells the meter's own fields its own way.
        return common | {"Customer_Name": "", "MeterNumber": account, "Meter_Type": meter_type}
    meter = {"Meter_Number": account, "Meter_Type": meter_type.upper()}
    if service.service_id == "eko-electric":
        return common | meter | {"Customer_Account_Type": "NMD", "Minimum_Amount": minimum}
    if service.service_id == "ikeja-electric":
        empty = ("Customer_Arrears", "Minimum_Amount", "Min_Purchase_Amount", "Business_Unit")
        ikeja = dict.fromkeys(empty, "") | {"Customer_Account_Type": "PRIME"}
        owed = {"Customer_Arrears": minimum, "Minimum_Amount": minimum} if script.least_kobo else {}
        return common | meter | ikeja | owed
    return (
        common
        | meter
        | {
            "Customer_Arrears": 0,
            "Outstanding_Balance": "0.00",
            "Min_Purchase_Amount": minimum,
            "MAX_Purchase_Amount": service.maximum / KOBO_PER_NAIRA,
        }
    )


def _smartcard(service: Service, account: str, verdict: Verify, now: datetime) -> dict[str, Any]:
    if verdict is Verify.WRONG:
        error = (
            "The Smartcard/Decoder Number you entered may be invalid, Please check and only "
            "proceed if you are sure it's valid."
        )
        # DStv's refusal carries no flag at all.
        flag = {} if service.service_id == "dstv" else {"WrongBillersCode": "true"}
        return {"error": error} | flag
    name = _HOLDERS.get(account, "TEST METER")
    if service.service_id == "startimes":
        return {
            "Customer_Name": name,
            "Balance": 54.82,
            "Smartcard_Number": account,
            "WrongBillersCode": False,
        }
    return {
        "Customer_Name": name,
        "Status": "ACTIVE",
        "Customer_Number": account,
        "Customer_Type": service.service_id.upper(),
        **_bouquet(service, account, now + timedelta(days=_DAYS_LEFT)),
        "commission_details": _commission(service),
    }


def _bouquet(service: Service, account: str, due: datetime) -> dict[str, Any]:
    if service.service_id == "gotv":
        return {
            "DUE_DATE": due.strftime("%d-%b-%y").upper(),
            "Current_Bouquet": "GOtv Max",
            "Current_Bouquet_Code": "gotv-max",
            "Renewal_Amount": str(_GOTV_MAX_NAIRA),
        }
    return {
        "Due_Date": due.strftime("%Y-%m-%dT00:00:00"),
        "Current_Bouquet": "DStv Compact",
        "Current_Bouquet_Code": "dstv79",
        "Renewal_Amount": _RENEWALS_NAIRA.get(account, _COMPACT_NAIRA),
    }

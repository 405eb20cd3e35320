"""The ledger's hidden truth and its switches; to be mounted under /world."""

import base64
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, ConfigDict
from stellar_sdk import StrKey

from billpay.domain.money import cngn
from billpay.sandbox.ledger import Ledger
from billpay.sandbox.ledger_entries import LIMIT_MAX, Account, TrustLine
from billpay.sandbox.ledger_faults import Faults, Switchboard
from billpay.sandbox.ledger_genesis import CNGN, new_account
from billpay.sandbox.ledger_history import Found

_DEMAND = "config.memo_required"
"""The entry by which an account demands a memo (stellar/stellar-protocol, ecosystem/sep-0029)."""


def _amount(text: str) -> str:
    if not 0 <= cngn(text) <= LIMIT_MAX:
        raise ValueError("no account can hold that")
    return text


_Amount = Annotated[str, AfterValidator(_amount)]


class AccountSwitch(BaseModel):
    """How an account is afterwards; it is created where there is none. Amounts are decimal text."""

    model_config = ConfigDict(extra="forbid")

    exists: bool = True
    cngn: _Amount | None = None
    """What it holds; None leaves what it has. The issuer gives it, or takes it back."""

    xlm: _Amount | None = None
    trustline: bool = True
    authorized: bool = True
    """False is a trustline that the issuer has frozen."""

    limit: _Amount | None = None
    """The most cNGN it will hold; None for all there can be."""

    demands_memo: bool = False


def ledger_world_router(ledger: Ledger, switchboard: Switchboard) -> APIRouter:
    """Show what no client of Horizon can be sure of, and turn its switches."""
    router = APIRouter(tags=["world"])

    @router.get("/truth/ledger")
    async def truth() -> Response:
        ledger.newest_ledger()
        payments = [_told(found) for found in ledger.history.payments() if _has_moved(found)]
        return JSONResponse({"payments": payments, "balances": _balances(ledger)})

    @router.post("/ledger/accounts/{address}")
    async def set_account(address: str, switch: AccountSwitch) -> dict[str, Any]:
        if not StrKey.is_valid_ed25519_public_key(address):
            raise HTTPException(422, f"{address} is no account's address")
        if switch.exists:
            now = ledger.newest_ledger()
            account = ledger.accounts.find(address) or new_account(address, now)
            ledger.write_account(_switched(account, switch))
        else:
            ledger.remove_account(address)
        return {"address": address} | switch.model_dump()

    @router.post("/ledger/faults")
    async def set_faults(faults: Faults) -> dict[str, Any]:
        return switchboard.turn(faults).model_dump(mode="json")

    return router


def _switched(account: Account, switch: AccountSwitch) -> Account:
    if switch.xlm is not None:
        account = account.changed(xlm=cngn(switch.xlm))
    account = account.with_entry(
        _DEMAND, base64.b64encode(b"1").decode() if switch.demands_memo else None
    )
    if not switch.trustline:
        return account.with_trustline(CNGN, None)
    line = account.trustlines.get(CNGN, TrustLine())
    changes = {
        "balance": line.balance if switch.cngn is None else cngn(switch.cngn),
        "limit": LIMIT_MAX if switch.limit is None else cngn(switch.limit),
        "is_authorized": switch.authorized,
        "is_maintained": switch.authorized,
    }
    return account.with_trustline(CNGN, line.model_copy(update=changes))


def _has_moved(found: Found) -> bool:
    return found.transaction.successful and found.payment.amount is not None


def _told(found: Found) -> dict[str, Any]:
    code, _, issuer = found.payment.asset.partition(":")
    transaction = found.transaction
    return {
        "operation_id": str(found.operation_id),
        "transaction_hash": transaction.transaction_hash,
        "from": found.payment.sender.address,
        "to": found.payment.receiver.address,
        "asset_code": code if issuer else None,
        "asset_issuer": issuer or None,
        "amount_stroops": found.payment.amount,
        "memo_type": transaction.memo_type,
        "memo": transaction.memo,
        "ledger": transaction.ledger,
        "closed_at": datetime.fromtimestamp(transaction.close_time, UTC).isoformat(),
    }


def _balances(ledger: Ledger) -> dict[str, int]:
    return {
        account.address: line.balance
        for account in ledger.accounts.all()
        if (line := account.trustlines.get(CNGN))
    }

"""The ledger's hidden truth, its switches and its people; to be mounted under /world."""

import base64
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from stellar_sdk import StrKey

from billpay.domain.money import cngn
from billpay.sandbox import identities
from billpay.sandbox.ledger import Ledger
from billpay.sandbox.ledger_entries import LIMIT_MAX, Account, TrustLine
from billpay.sandbox.ledger_faults import Faults, Switchboard
from billpay.sandbox.ledger_genesis import CNGN, new_account
from billpay.sandbox.ledger_hands import Hands, Unwilling
from billpay.sandbox.ledger_records import TransactionRecord
from billpay.sandbox.ledger_truth import truth_json

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

    clawback: bool | None = None
    """Whether the issuer may take it back without asking; None leaves what is so."""

    demands_memo: bool = False


class ClaimSwitch(BaseModel):
    """Who takes a claimable balance, signed and submitted like any claim."""

    model_config = ConfigDict(extra="forbid")

    balance_id: Annotated[str, Field(pattern="^[0-9a-f]{72}$")]
    claimant: Annotated[int, Field(ge=1)] | str
    """A payer's number, or the address of anybody whose key the sandbox has."""


class TransferSwitch(BaseModel):
    """What a contract's wallet sends, by cNGN's own contract; it can carry no text."""

    model_config = ConfigDict(extra="forbid")

    amount: _Amount
    more: Sequence[_Amount] = ()
    """What it sends besides in the same call."""

    destination_id: Annotated[int, Field(ge=0, lt=2**64)] | None = None
    """The id in the muxed address that it sends to."""

    to: str | None = None
    """None for the treasury."""


def ledger_world_router(ledger: Ledger, switchboard: Switchboard) -> APIRouter:
    """Show what no client of Horizon can be sure of, and turn its switches."""
    router = APIRouter(tags=["world"])

    @router.get("/truth/ledger")
    async def truth() -> Response:
        return JSONResponse(truth_json(ledger))

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
        # What was due closes at the price of its time.
        ledger.newest_ledger()
        return switchboard.turn(faults).model_dump(mode="json")

    _add_people(router, Hands(ledger))
    return router


def _add_people(router: APIRouter, hands: Hands) -> None:
    @router.post("/ledger/claims")
    async def claim(switch: ClaimSwitch) -> dict[str, Any]:
        try:
            return _told(await hands.claim(switch.balance_id, switch.claimant))
        except LookupError as error:
            raise HTTPException(422, str(error)) from None
        except Unwilling as refusal:
            raise HTTPException(409, str(refusal)) from None

    @router.post("/ledger/wallets/{number}/transfers")
    async def transfer(number: int, switch: TransferSwitch) -> dict[str, Any]:
        to = switch.to or identities.treasury().public_key
        if not StrKey.is_valid_ed25519_public_key(to):
            raise HTTPException(422, f"{to} is no account's address")
        try:
            amounts = [cngn(amount) for amount in (switch.amount, *switch.more)]
            record = await hands.transfer(number, amounts, to, switch.destination_id)
        except Unwilling as refusal:
            raise HTTPException(409, str(refusal)) from None
        return {"from": identities.wallet(number)} | _told(record)


def _told(record: TransactionRecord) -> dict[str, Any]:
    return {
        "operation_id": str(record.toid | 1),
        "transaction_hash": record.transaction_hash,
        "ledger": record.ledger,
        "successful": record.successful,
        "result_codes": record.result_codes,
    }


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
        "can_be_clawed_back": line.can_be_clawed_back
        if switch.clawback is None
        else switch.clawback,
    }
    return account.with_trustline(CNGN, line.model_copy(update=changes))

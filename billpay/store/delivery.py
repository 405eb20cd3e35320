"""What a delivery leaves behind: the token, the reference, and money that has found its place."""

from sqlalchemy.ext.asyncio import AsyncSession

from billpay.domain.cases import CaseKind
from billpay.domain.deposits import Disposition
from billpay.store.cases import open_attempt_case
from billpay.store.database import Database
from billpay.store.reading import attempt
from billpay.store.receipts import fuller, put_receipt, receipt_in
from billpay.store.tables import AttemptRow, BillPaymentRow, DepositRow, TokenRow


async def deliver(
    session: AsyncSession,
    database: Database,
    bill: BillPaymentRow,
    sale: AttemptRow | None,
    *,
    provider_reference: str | None,
) -> None:
    """Write a delivery into a locked, paid bill and its deposit; without an attempt where a person saw to it."""
    bill.provider_reference = provider_reference
    if sale is not None:
        known = getattr(attempt(sale).outcome, "provider_reference", None)
        receipt = receipt_in(database.sealer, sale)
        bill.provider_reference = (
            provider_reference or known or (receipt.provider_reference if receipt else None)
        )
        bill.provider_name = sale.provider
        await keep_token(session, database, sale)
    deposit = await session.get_one(DepositRow, bill.claimed_by)
    deposit.disposition = Disposition.DELIVERED


async def keep_late_token(
    session: AsyncSession, database: Database, bill: BillPaymentRow, sale: AttemptRow
) -> None:
    """Keep what came after the end; of a token that its customer was not told of, a person is (I7, I19)."""
    if await keep_token(session, database, sale):
        detail = f"{sale.provider} named a token for {sale.request_id} after the order was complete"
        await open_attempt_case(
            session, database.clock, bill, sale.request_id, kind=CaseKind.LATE_TOKEN, detail=detail
        )


async def keep_token(session: AsyncSession, database: Database, sale: AttemptRow) -> bool:
    """Keep the receipt of a sale for the order's customer; True where that brought a token it had not before (I7)."""
    receipt = receipt_in(database.sealer, sale)
    if receipt is None:
        return False
    row = await session.get(TokenRow, sale.transaction_id)
    if row is None:
        row = TokenRow(
            transaction_id=sale.transaction_id, has_token=False, stored_at=database.clock()
        )
        session.add(row)
    had_token = row.has_token
    put_receipt(database.sealer, row, fuller(receipt_in(database.sealer, row), receipt))
    return row.has_token and not had_token

"""Who owns an account and its next number: asked and changed in the commit of whatever needs it.

The account's lock is taken last, after those of what it is used for.
"""

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import col

from billpay.store.refund_tables import ChannelRow


async def give_up(session: AsyncSession, owner: str) -> None:
    """Free the account that a refund or an errand owns; nothing signed for it may be in flight any more."""
    # What this commit has settled must be seen by the guard.
    await session.flush()
    owned = await owned_by(session, owner)
    if owned is not None:
        owned.refund_id = owned.errand = owned.sequence = owned.claimed_at = None


async def owns(session: AsyncSession, owner: str, address: str, sequence: int) -> bool:
    """Whether a refund or an errand owns this account with this number; it keeps both until the commit."""
    owned = await owned_by(session, owner)
    return owned is not None and (owned.address, owned.sequence) == (address, sequence)


async def owned_by(session: AsyncSession, owner: str) -> ChannelRow | None:
    """Lock the account that a refund or an errand owns, if any."""
    is_owner = or_(col(ChannelRow.refund_id) == owner, col(ChannelRow.errand) == owner)
    return await owned_where(session, is_owner)


async def owned_where(session: AsyncSession, is_owner: ColumnElement[bool]) -> ChannelRow | None:
    """Lock the account that is owned so, if any."""
    wanted = select(ChannelRow).where(is_owner).with_for_update()
    return (await session.execute(wanted)).scalar_one_or_none()

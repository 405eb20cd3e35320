"""What a person may call a payment: the order's id, its memo, or the operation id of a deposit that claims no order."""

import re
from dataclasses import dataclass
from uuid import UUID

from billpay.domain.ids import bill_workflow_id, deposit_workflow_id, transaction_id_from_memo
from billpay.failures import Invalid


@dataclass(frozen=True)
class OrderSubject:
    """A payment that an order was placed for."""

    transaction_id: UUID

    @property
    def workflow_id(self) -> str:
        """Name its workflow."""
        return bill_workflow_id(self.transaction_id)


@dataclass(frozen=True)
class StraySubject:
    """A deposit that claims no order."""

    operation_id: str

    @property
    def workflow_id(self) -> str:
        """Name its workflow."""
        return deposit_workflow_id(self.operation_id)


Subject = OrderSubject | StraySubject

_OPERATION_ID = re.compile(r"[0-9]+(?:-[0-9]+)?")
"""The ledger's name for an operation; one transfer of a contract call has its place in it behind a dash."""


def read_subject(text: str) -> Subject:
    """Read how a person names a payment.

    Raises:
        Invalid: it names none.
    """
    name = text.strip()
    if _OPERATION_ID.fullmatch(name):
        return StraySubject(name)
    named_by_memo = transaction_id_from_memo(name.encode())
    if named_by_memo is not None:
        return OrderSubject(named_by_memo)
    try:
        return OrderSubject(UUID(name))
    except ValueError:
        raise Invalid(
            f"{text!r} names no payment: give the order's id, its memo, or a deposit's operation id"
        ) from None

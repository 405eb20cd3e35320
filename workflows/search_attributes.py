"""What operators filter payments by in the Web UI. Stored in clear: never a phone, meter or name."""

from temporalio.common import SearchAttributeKey

BILL_STATUS = SearchAttributeKey.for_keyword("BillStatus")
BILL_TYPE = SearchAttributeKey.for_keyword("BillType")
BILL_PROVIDER = SearchAttributeKey.for_keyword("BillProvider")
BILL_TRANSACTION_ID = SearchAttributeKey.for_keyword("BillTransactionId")

ALL = (BILL_STATUS, BILL_TYPE, BILL_PROVIDER, BILL_TRANSACTION_ID)
"""Registered when a worker starts."""

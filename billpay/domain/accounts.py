"""What a provider says of a customer's account before anything is bought."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from billpay.domain.money import Kobo


class AccountOk(BaseModel):
    """The account exists and may be served."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["ok"] = "ok"
    holder: str | None = None
    """The name the biller answers with; personal, so it is stored, never put into a workflow history."""

    minimum: Kobo | None = None
    """The least the biller takes for this account; debt makes it large."""

    current_package: str | None = None
    """A TV account's running bouquet, by name."""

    renewal_amount: Kobo | None = None
    """What renewing the running bouquet costs; may be below its list price."""


class AccountRefused(BaseModel):
    """The biller does not know the account, or will not serve it."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["refused"] = "refused"
    reason: str
    """In words a customer may read."""

    price: Kobo | None = None
    """What it costs now, where only that is why not; for the renewal of a TV subscription too."""


class ProductNotSold(BaseModel):
    """This provider cannot sell what is ordered; another may. Says nothing of the account."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["product_not_sold"] = "product_not_sold"
    reason: str
    """In words a customer may read, for where nobody else sells it either."""


AccountVerdict = Annotated[AccountOk | AccountRefused | ProductNotSold, Field(discriminator="kind")]

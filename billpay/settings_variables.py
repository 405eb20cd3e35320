"""Every variable there is: its type, its default, its bounds, and what `.env.example` says of it.

What they amount to together is answered by `billpay.settings`.
"""

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from billpay.domain.deposits import DustPolicy, ExcessPolicy, ReturnPolicy
from billpay.domain.prices import PriceChange
from billpay.settings_values import (
    Address,
    Addresses,
    BaseUrl,
    Ceiling,
    DatabaseUrl,
    Dust,
    HostAndPort,
    SealingKey,
    Url,
    WalletSecret,
)

_DAY_SECONDS = 24 * 60 * 60


class Variables(BaseSettings):
    """One field for each variable, named as it in lower case."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    flutterwave_api_key: SecretStr | None = Field(
        None, description="Flutterwave's secret key, sent with every request"
    )
    flutterwave_secret_key: SecretStr | None = Field(
        None, description="the secret hash by which Flutterwave signs its webhooks"
    )
    flutterwave_base_url: BaseUrl = Field(
        "https://api.flutterwave.com",
        description="the http or https address of Flutterwave's API, without credentials",
    )
    flutterwave_read_timeout_seconds: float = Field(
        35.0,
        allow_inf_nan=False,
        ge=1,
        le=60,
        description="how many seconds a purchase at Flutterwave may take to be answered, 1 to 60",
    )
    vtpass_api_key: SecretStr | None = Field(
        None, description="VTPass's API key, sent with every request"
    )
    vtpass_public_key: SecretStr | None = Field(
        None, description="VTPass's public key, sent with questions that list"
    )
    vtpass_secret_key: SecretStr | None = Field(
        None, description="VTPass's secret key, sent with purchases and everything else"
    )
    vtpass_base_url: BaseUrl = Field(
        "https://vtpass.com/api",
        description="the http or https address of VTPass's API, with or without /api, "
        "without credentials; its sandbox is at https://sandbox.vtpass.com/api",
    )
    vtpass_read_timeout_seconds: float = Field(
        60.0,
        allow_inf_nan=False,
        ge=1,
        le=60,
        description="how many seconds a purchase at VTPass may take to be answered, 1 to 60",
    )
    paystack_api_key: SecretStr | None = Field(
        None, description="Paystack's secret key; Paystack sells no bills"
    )
    paystack_base_url: BaseUrl = Field(
        "https://api.paystack.co",
        description="the http or https address of Paystack's API, without credentials",
    )

    bill_processor_poll_interval_seconds: float = Field(
        10.0,
        allow_inf_nan=False,
        ge=0.1,
        le=3_600,
        description="how many seconds the watcher rests between looks at the ledger, 0.1 to 3600",
    )
    bill_processor_batch_size: int = Field(
        50,
        ge=1,
        le=200,
        description="how many payments are read from the ledger at once, 1 to 200",
    )
    bill_processor_confirmation_deadline_seconds: int = Field(
        1_800,
        ge=1,
        le=7 * _DAY_SECONDS,
        description="how many seconds a provider may stay uncertain before a person is asked, "
        "1 to 604800",
    )
    bill_processor_review_window_seconds: int = Field(
        0,
        ge=0,
        le=30 * _DAY_SECONDS,
        description="how many seconds a payment that no provider could serve waits for a person "
        "before it is refunded, 0 to 2592000; 0 does not wait",
    )
    bill_processor_dust: Dust = Field(
        "1",
        description="how many cNGN are not worth sending back, 0 to 1000: as an excess they are kept, "
        "and what becomes of a deposit of so little that pays for nothing says the policy for dust",
    )
    bill_processor_late_limit_seconds: int = Field(
        _DAY_SECONDS,
        ge=1,
        le=30 * _DAY_SECONDS,
        description="how many seconds old an expired order may be and still be paid, 1 to 2592000",
    )
    bill_processor_short_policy: ReturnPolicy = Field(
        ReturnPolicy.REFUND,
        description="refund or hold; what is done with a deposit that is less than its order's due: "
        "refund sends it back, hold has a person let it go first",
    )
    bill_processor_late_policy: ReturnPolicy = Field(
        ReturnPolicy.REFUND,
        description="refund or hold; what is done with a deposit that comes too long after its order "
        "expired",
    )
    bill_processor_duplicate_policy: ReturnPolicy = Field(
        ReturnPolicy.REFUND,
        description="refund or hold; what is done with a deposit for an order that was paid already",
    )
    bill_processor_unmatched_policy: ReturnPolicy = Field(
        ReturnPolicy.REFUND,
        description="refund or hold; what is done with a deposit that names no order, none of ours, or "
        "two",
    )
    bill_processor_over_policy: ExcessPolicy = Field(
        ExcessPolicy.REFUND,
        description="refund, keep or hold; what is done with what came above the due, once the bill is "
        "paid: keep makes it ours and tells the customer",
    )
    bill_processor_dust_policy: DustPolicy = Field(
        DustPolicy.KEEP,
        description="keep or refund; what is done with dust that pays for nothing: keep makes it ours at "
        "once, since sending it back costs more than it is worth",
    )
    bill_processor_breaker_window_seconds: int = Field(
        300,
        ge=60,
        le=3_600,
        description="how far back calls to a provider are counted, 60 to 3600 seconds; five minutes "
        "hold enough calls of a quiet biller, and what is older says nothing of now",
    )
    bill_processor_breaker_minimum_calls: int = Field(
        5,
        ge=1,
        le=1_000,
        description="how many calls must be counted before their failures make a provider asked last, "
        "and how many failures in a row within a minute do so at once, 1 to 1000; of fewer than five, "
        "half fail by chance",
    )
    bill_processor_breaker_failure_share: float = Field(
        0.5,
        allow_inf_nan=False,
        ge=0.01,
        le=1,
        description="which share of the counted calls must have failed, 0.01 to 1; from one half on, "
        "asking another provider first serves more customers sooner",
    )
    bill_processor_breaker_probe_seconds: int = Field(
        60,
        ge=1,
        le=3_600,
        description="how many seconds lie between two orders that try a provider which is asked last, "
        "1 to 3600; one customer a minute waits for the news that it is back",
    )
    bill_processor_float_reserve_naira: int = Field(
        10_000,
        ge=0,
        le=1_000_000_000,
        description="how many naira of the balance at a provider are never spent, 0 to 1000000000; "
        "they cover what other workers buy between two looks at it",
    )
    bill_processor_float_check_seconds: int = Field(
        60,
        ge=1,
        le=3_600,
        description="how many seconds a worker believes the balance that a provider told, 1 to 3600; "
        "asking before every purchase would double the calls",
    )
    bill_processor_price_change: PriceChange = Field(
        PriceChange.REFUND,
        description="refund or pay_lower; what is done when a product's price has changed since it "
        "was ordered: refund gives the money back, pay_lower pays a price that fell and gives back "
        "the rest",
    )
    bill_processor_catalogue_interval_seconds: int = Field(
        3_600,
        ge=60,
        le=_DAY_SECONDS,
        description="how many seconds lie between two readings of what the providers list, 60 to 86400",
    )
    bill_processor_ledger_requests_per_hour: int = Field(
        3_600,
        ge=0,
        le=10_000_000,
        description="how many requests an hour one ledger server grants us, 0 to 10000000; 0 is no "
        "bound; 3600 is what Horizon grants unless it is told otherwise, a hundred of them at once",
    )
    bill_processor_silence_seconds: int = Field(
        300,
        ge=60,
        le=_DAY_SECONDS,
        description="after how many seconds without a word of the ledger a person is told, 60 to 86400; "
        "the time the watcher rests between two looks is added",
    )
    bill_processor_reconcile_interval_seconds: int = Field(
        3_600,
        ge=60,
        le=_DAY_SECONDS,
        description="how many seconds lie between two comparisons of ledger, records and workflows, 60 to 86400",
    )
    bill_processor_refund_ceiling: Ceiling = Field(
        "1000000",
        description="how many cNGN go back at once without a person's word, above 0",
    )
    bill_processor_refund_hourly_ceiling: Ceiling = Field(
        "10000000",
        description="how many cNGN go back within any hour without a person's word, above 0",
    )
    bill_processor_refund_fee_cap: int = Field(
        100_000,
        ge=100,
        le=100_000_000,
        description="how many stroops of XLM a refund bids for an operation at most, 100 to 100000000",
    )
    bill_processor_claim_window_seconds: int = Field(
        30 * _DAY_SECONDS,
        ge=60,
        le=3_650 * _DAY_SECONDS,
        description="how many seconds a refund set aside is its payer's alone, 60 to 315360000",
    )
    bill_processor_exchange_accounts: Addresses | None = Field(
        None,
        description="addresses that need a memo for a refund, separated by commas; exchanges, say",
    )
    bill_processor_sealing_key: SealingKey | None = Field(
        None,
        description="the key that seals tokens and messages in the database: 32 random bytes in "
        "base64, made once by `openssl rand -base64 32` and kept for good",
    )

    skip_externals: bool = Field(
        default=False,
        description="true or false; true lets the sandbox stand in for everything outside that is "
        "not set here",
    )
    sandbox_url: BaseUrl = Field(
        "http://127.0.0.1:8700", description="the http or https address of the sandbox"
    )
    notification_url: Url | None = Field(
        None,
        repr=False,
        description="the http or https address that every message to a customer is posted to, "
        "without credentials; when unset, messages are kept and not sent",
    )

    database_url: DatabaseUrl | None = Field(
        None, description="the database, as postgresql://user:password@host:port/name"
    )
    temporal_address: HostAndPort | None = Field(
        None, description="the Temporal server, as host:port"
    )
    temporal_namespace: str | None = Field(
        None, description="the Temporal namespace that the payments live in"
    )
    temporal_task_queue: str = Field(
        "bill-payments", description="the task queue that the workers share"
    )

    ledger_source: Literal["horizon", "rpc"] = Field(
        "horizon",
        description="horizon or rpc; which kind of server the ledger is read from; where the other "
        "one's address is set too, it checks the first",
    )
    horizon_url: BaseUrl | None = Field(
        None, description="the http or https address of a Horizon server, without credentials"
    )
    stellar_rpc_url: Url | None = Field(
        None,
        repr=False,
        description="the http or https address of a Stellar RPC server that tells payments as "
        "events, without user name or password",
    )
    stellar_network_passphrase: str | None = Field(
        None, description="the passphrase of the Stellar network that these servers read"
    )
    cngn_asset_code: str = Field(
        "cNGN",
        pattern=r"^[A-Za-z0-9]{1,12}$",
        description="the asset code of cNGN, 1 to 12 letters and digits",
    )
    cngn_asset_issuer: Address | None = Field(
        None, description="the Stellar address that issues cNGN, beginning with G"
    )
    system_wallet_address: Address | None = Field(
        None,
        description="the Stellar address that customers pay to and that refunds come from, "
        "beginning with G",
    )
    system_wallet_secret: WalletSecret | None = Field(
        None, description="the secret of SYSTEM_WALLET_ADDRESS, beginning with S"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  pydantic-settings' shape
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take values from `load_settings` alone, so that a given environment is the whole one."""
        return (init_settings,)

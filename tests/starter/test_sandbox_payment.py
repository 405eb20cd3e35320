from stellar_sdk import MuxedAccount

from billpay.sandbox import identities

MEMO = "BILL-JxzXLGBN8zMLPtNRcqv14M"


def payments_to_the_treasury(sandbox):
    treasury = identities.treasury().public_key
    return [paid for paid in sandbox.truth_ledger()["payments"] if paid["to"] == treasury]


def test_a_payment_is_really_in_the_ledger_under_the_printed_hash(here, sandbox):
    paid = here.command("sandbox-pay", MEMO, "5030.0000001", "--payer", "7")
    assert paid.exit_code == 0, paid.stderr
    (real,) = payments_to_the_treasury(sandbox)
    assert real["transaction_hash"] == paid.stdout.strip()
    assert real["amount_stroops"] == 50_300_000_001
    assert real["from"] == identities.payer(7).public_key
    assert real["asset_code"] == "cNGN"


def test_an_empty_memo_is_none(here, sandbox):
    assert here.command("sandbox-pay", "", "1").exit_code == 0
    (real,) = payments_to_the_treasury(sandbox)
    assert real["memo"] is None


def test_an_order_is_paid_by_its_number_as_memo(here, sandbox):
    """Fault 17."""
    assert here.command("sandbox-pay", "", "1", "--memo-id", str(2**63 - 1)).exit_code == 0
    (real,) = payments_to_the_treasury(sandbox)
    assert real["memo_type"] == "id"


def test_an_order_is_paid_at_its_own_address_by_somebody_of_many(here, sandbox):
    """Fault 17: both ends are multiplexed."""
    ours = MuxedAccount(identities.treasury().public_key, 7).account_muxed
    paid = here.command("sandbox-pay", "", "1", "--to-muxed", ours, "--from-id", "9")
    assert paid.exit_code == 0, paid.stderr
    treasury = identities.treasury().public_key
    page = sandbox.http.get(f"{sandbox.horizon_url}/accounts/{treasury}/payments?order=desc")
    (real, *_) = page.json()["_embedded"]["records"]
    assert (real["from_muxed_id"], real["to_muxed_id"]) == ("9", "7")


def test_an_address_of_somebody_else_is_not_paid(here, sandbox):
    theirs = MuxedAccount(identities.payer(2).public_key, 7).account_muxed
    refused = here.command("sandbox-pay", "", "1", "--to-muxed", theirs)
    assert refused.exit_code == 2
    assert payments_to_the_treasury(sandbox) == []


def test_numbers_that_no_payment_can_carry_are_refused(command):
    for words in (
        (MEMO, "1", "--memo-id", "7"),
        ("", "1", "--memo-id", str(2**64)),
        ("", "1", "--from-id=-1"),
        ("", "1", "--to-muxed", identities.treasury().public_key),
    ):
        refused = command("sandbox-pay", *words)
        assert refused.exit_code == 2, words
        assert len(refused.stderr.splitlines()) == 1


def test_money_of_the_real_world_is_never_paid_from_here(here, sandbox, monkeypatch):
    for name, value in identities.environment(sandbox.url).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SKIP_EXTERNALS", "false")
    refused = here.command("sandbox-pay", MEMO, "1")
    assert refused.exit_code == 1
    assert "SKIP_EXTERNALS" in refused.stderr
    assert payments_to_the_treasury(sandbox) == []


def test_what_no_wallet_could_pay_is_refused(command):
    for words in (
        (MEMO, "0"),
        (MEMO, "1.00000001"),
        (MEMO, "ten"),
        ("x" * 29, "1"),
        ("é" * 15, "1"),
    ):
        refused = command("sandbox-pay", *words)
        assert refused.exit_code == 2, words
        assert len(refused.stderr.splitlines()) == 1


def test_a_payer_that_does_not_exist_is_refused(command):
    for payer in ("0", str(identities.PAYERS + 1)):
        assert command("sandbox-pay", MEMO, "1", "--payer", payer).exit_code == 2


def test_more_than_the_payer_has_is_refused_by_the_ledger(here, sandbox):
    refused = here.command("sandbox-pay", MEMO, "10000001")
    assert refused.exit_code == 1
    assert len(refused.stderr.splitlines()) == 1
    assert payments_to_the_treasury(sandbox) == []

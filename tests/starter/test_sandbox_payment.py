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
    for payer in ("0", "101"):
        assert command("sandbox-pay", MEMO, "1", "--payer", payer).exit_code == 2


def test_more_than_the_payer_has_is_refused_by_the_ledger(here, sandbox):
    refused = here.command("sandbox-pay", MEMO, "10000001")
    assert refused.exit_code == 1
    assert len(refused.stderr.splitlines()) == 1
    assert payments_to_the_treasury(sandbox) == []

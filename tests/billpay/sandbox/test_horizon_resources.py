"""Horizon's JSON for the network, accounts, fees and ledgers, field for field, over a real socket."""

from billpay.sandbox import identities

PAYER = identities.payer(1)


def fields_of(document, kind):
    return {name for name, value in document.items() if type(value) is kind}


def get(world, path, **query):
    return world.http.get(f"{world.horizon_url}{path}", params=query)


def test_the_root_tells_how_far_this_server_is_and_of_which_network(world):
    root = world.ask("/horizon/")
    assert fields_of(root, str) == {
        "horizon_version",
        "core_version",
        "history_latest_ledger_closed_at",
        "network_passphrase",
    }
    assert fields_of(root, int) == {
        "ingest_latest_ledger",
        "history_latest_ledger",
        "history_elder_ledger",
        "core_latest_ledger",
        "current_protocol_version",
        "supported_protocol_version",
        "core_supported_protocol_version",
    }
    assert root["network_passphrase"] == world.environment["STELLAR_NETWORK_PASSPHRASE"]
    assert get(world, "").json()["network_passphrase"] == root["network_passphrase"]


def test_an_account_has_horizons_fields_and_no_others(world):
    world.pay(None, "1")
    response = get(world, f"/accounts/{PAYER.public_key}")
    account = response.json()
    assert fields_of(account, str) == {
        "id",
        "account_id",
        "sequence",
        "sequence_time",
        "last_modified_time",
        "paging_token",
    }
    assert fields_of(account, int) == {
        "sequence_ledger",
        "subentry_count",
        "last_modified_ledger",
        "num_sponsoring",
        "num_sponsored",
    }
    assert fields_of(account, dict) == {"_links", "thresholds", "flags", "data"}
    line, native = account["balances"]
    assert fields_of(line, str) == {
        "balance",
        "limit",
        "buying_liabilities",
        "selling_liabilities",
        "asset_type",
        "asset_code",
        "asset_issuer",
    }
    assert fields_of(line, bool) == {"is_authorized", "is_authorized_to_maintain_liabilities"}
    assert line["limit"] == "922337203685.4775807"
    assert set(native) == {"balance", "buying_liabilities", "selling_liabilities", "asset_type"}
    assert account["signers"] == [
        {"weight": 1, "key": PAYER.public_key, "type": "ed25519_public_key"}
    ]
    assert int(response.headers["latest-ledger"]) >= account["last_modified_ledger"]


def test_fee_stats_are_strings(world):
    stats = world.ask("/horizon/fee_stats")
    spread = {"max", "min", "mode", *(f"p{part}" for part in (*range(10, 100, 10), 95, 99))}
    assert fields_of(stats, str) == {"last_ledger", "last_ledger_base_fee", "ledger_capacity_usage"}
    for name in ("fee_charged", "max_fee"):
        assert fields_of(stats[name], str) == set(stats[name]) == spread


def test_ledgers_are_listed_and_counted(world):
    paid = world.pay(None, "1")
    ledger = world.ask(f"/horizon/ledgers/{paid.ledger}")
    assert (ledger["successful_transaction_count"], ledger["operation_count"]) == (1, 1)
    [newest] = world.ask("/horizon/ledgers", order="desc", limit=1)["_embedded"]["records"]
    assert newest["sequence"] >= paid.ledger
    following = world.ask("/horizon/ledgers", cursor=str(paid.ledger << 32), limit=2, order="asc")
    numbers = [row["sequence"] for row in following["_embedded"]["records"]]
    assert numbers == list(range(paid.ledger + 1, paid.ledger + 1 + len(numbers)))
    assert get(world, "/ledgers/2000000000").status_code == 404


def test_documents_are_labelled_as_horizons(world):
    assert get(world, "/").headers["content-type"].startswith("application/hal+json")
    missing = get(world, "/nowhere")
    assert missing.headers["content-type"].startswith("application/problem+json")
    assert set(missing.json()) == {"type", "title", "status", "detail"}

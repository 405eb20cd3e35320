"""The switches that every shop has, turned over HTTP and felt by a client of the shop."""

import httpx
import pytest

from billpay.sandbox import identities

VTPASS_KEYS = {
    "api-key": identities.vtpass_api_key(),
    "public-key": identities.vtpass_public_key(),
    "secret-key": identities.vtpass_secret_key(),
}
FLUTTERWAVE_KEYS = {
    "Authorization": f"Bearer {identities.flutterwave_secret_key()}",
    "Content-Type": "application/json",
}


class Client:
    """Asks one shop, and turns its switches."""

    def __init__(self, world, name):
        self.world, self.name = world, name

    def switch(self, path, body):
        self.world.tell(f"/world/{self.name}/{path}", body)

    def balance(self):
        return self._get({"vtpass": "balance", "flutterwave": "balances/NGN"}[self.name])

    def ask(self):
        """Ask about a purchase that nobody made."""
        if self.name == "flutterwave":
            return self._get("bills/202603021200nobody?verbose=1")
        body = {"request_id": "202603021200nobody"}
        return self.world.http.post(f"{self._url}/requery", json=body, headers=VTPASS_KEYS)

    def _get(self, path):
        keys = VTPASS_KEYS if self.name == "vtpass" else FLUTTERWAVE_KEYS
        return self.world.http.get(f"{self._url}/{path}", headers=keys)

    @property
    def _url(self):
        return self.world.environment[f"{self.name.upper()}_BASE_URL"]


@pytest.fixture(params=["vtpass", "flutterwave"])
def client(request, sandbox):
    return Client(sandbox, request.param)


def test_a_client_that_is_not_whitelisted_is_refused_as_the_provider_refuses(client):
    """Fault 44."""
    client.switch("whitelist", {"is_whitelisted": False})
    assert "whitelist" in client.ask().text.lower()
    client.switch("whitelist", {"is_whitelisted": True})
    assert "whitelist" not in client.ask().text.lower()


def test_a_wallet_is_what_it_was_set_to(client):
    client.switch("wallet", {"balance_kobo": 12_345})
    assert client.world.ask(f"/world/{client.name}/wallet") == {"balance_kobo": 12_345}
    assert "123.45" in client.balance().text


@pytest.mark.parametrize("says", ["reset", "closed"])
def test_a_provider_that_is_down_breaks_every_connection(client, says):
    client.switch("outage", {"says": says})
    for question in (client.balance, client.ask):
        with pytest.raises(httpx.TransportError):
            question()
    client.switch("outage", {"says": None})
    assert client.balance().is_success


@pytest.mark.parametrize(("says", "status"), [("gateway", 502), ("html", 200), ("empty", 200)])
def test_a_provider_that_is_down_may_still_answer_something(client, says, status):
    client.switch("outage", {"says": says})
    answer = client.ask()
    assert answer.status_code == status
    with pytest.raises(ValueError):
        answer.json()


def test_an_outage_outlasts_a_restart_and_touches_no_other_provider(client):
    client.switch("outage", {"says": "gateway"})
    client.world.start()
    assert client.balance().status_code == 502
    (other,) = {"vtpass", "flutterwave"} - {client.name}
    assert Client(client.world, other).balance().is_success
    client.switch("outage", {"says": None})
    client.world.start()
    assert client.balance().is_success


def test_what_was_asked_about_and_never_bought_is_part_of_the_truth(client):
    client.ask()
    (row,) = client.world.ask(f"/world/truth/{client.name}")
    assert (row["happened"], row["pay_calls"], row["requeries"]) == ("never_created", 0, 1)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("outage", {"says": "delivered"}),
        ("outage", {}),
        ("whitelist", {"is_whitelisted": "perhaps"}),
        ("wallet", {"balance_kobo": -1}),
        ("accounts/08011111111", {"pay": "explodes"}),
        ("sales/202603021200a", {"truth": "pending"}),
    ],
)
def test_a_switch_that_does_not_exist_is_not_turned(client, path, body):
    url = f"{client.world.url}/world/{client.name}/{path}"
    assert client.world.http.post(url, json=body).status_code == 422


def test_a_sale_that_is_not_kept_cannot_be_settled(client):
    url = f"{client.world.url}/world/{client.name}/sales/202603021200nobody"
    assert client.world.http.post(url, json={"truth": "delivered"}).status_code == 404


def test_a_script_can_be_given_and_taken_back(client):
    url = f"{client.world.url}/world/{client.name}/accounts/08011111111"
    given = client.world.http.post(url, json={"pay": "offline", "uses": 2}).json()["script"]
    assert (given["pay"], given["uses"]) == ("offline", 2)
    assert client.world.http.delete(url).json()["script"] is None

"""Pages of payments, read as the watcher would."""

import json

from billpay.ledger.horizon_credits import read_page
from billpay.ledger.horizon_records import OurAsset
from tests.billpay.ledger import wire
from tests.billpay.ledger.wire import page

ASSET = OurAsset(code="cNGN", issuer=wire.ISSUER)


def read(*records, cursor="0", limit=200):
    # Through JSON and back, as on the wire.
    document = json.loads(json.dumps(page(*records)))
    return read_page(document, wallet=wire.WALLET, asset=ASSET, cursor=cursor, limit=limit)


def only_credit(record):
    read_back = read(record)
    assert not read_back.unreadable
    (credit,) = read_back.credits
    return credit


def only_unreadable(record):
    read_back = read(record)
    assert not read_back.credits
    (unreadable,) = read_back.unreadable
    return unreadable

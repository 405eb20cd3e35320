"""The sandbox's memory: whole lines or none, whatever happened between them."""

import pytest

from billpay.sandbox.journal import Journal


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new folder" / "state"


def test_records_come_back_by_kind_in_order(path):
    journal = Journal(path)
    for number in range(3):
        journal.append("shop", {"number": number})
        journal.append("phone", {"other": "é\n☎", "number": number})
    assert list(journal.replay("shop")) == [{"number": 0}, {"number": 1}, {"number": 2}]
    assert list(Journal(path).replay("phone")) == [
        {"other": "é\n☎", "number": number} for number in range(3)
    ]


def test_a_kind_is_not_mistaken_for_one_that_begins_like_it():
    journal = Journal(None)
    journal.append("ledger faults", {"lag": 1})
    assert list(journal.replay("ledger")) == []


def test_in_memory_it_keeps_copies():
    journal = Journal(None)
    record = {"numbers": [1]}
    journal.append("shop", record)
    record["numbers"].append(2)
    assert list(journal.replay("shop")) == [{"numbers": [1]}]


@pytest.mark.parametrize("torn", ['["shop",{"num', "[", "x", '["shop",{"number":2}]'])
def test_a_line_torn_by_a_crash_is_dropped_and_the_next_one_is_whole(path, torn):
    """A sandbox killed in the middle of a write had not answered yet."""
    Journal(path).append("shop", {"number": 1})
    with path.open("a") as file:
        file.write(torn)
    journal = Journal(path)
    journal.append("shop", {"number": 3})
    assert list(Journal(path).replay("shop")) == [{"number": 1}, {"number": 3}]


def test_damage_that_no_crash_explains_is_refused_with_its_line(path):
    journal = Journal(path)
    journal.append("shop", {"number": 1})
    with path.open("a") as file:
        file.write('["shop",{"number"\n')
    journal.append("shop", {"number": 3})
    with pytest.raises(ValueError, match="line 2 is damaged"):
        list(Journal(path).replay("shop"))


def test_what_cannot_be_kept_whole_is_not_kept_at_all(path):
    """A full disk must not leave half a record before the next one."""
    journal = Journal(path)
    journal.append("shop", {"number": 1})
    size = path.stat().st_size
    with pytest.raises(TypeError):
        journal.append("shop", {"number": object()})
    assert path.stat().st_size == size
    journal.append("shop", {"number": 2})
    assert len(list(journal.replay("shop"))) == 2


def test_only_its_owner_may_read_it(path):
    Journal(path)
    assert path.stat().st_mode & 0o077 == 0

from billpay.domain.money import cngn
from starter.truth.comparison import draw_up
from tests.starter.truth.small_world import LIGHT, OTHER_TOKEN, TOKEN, falsify, told


def test_the_table_shows_both_sides_of_each_payment(both):
    rows = [(row.title, row.truth, row.records) for row in draw_up(both.books()).rows]
    assert rows == [
        ("order 1", "sold ₦5,000, with a token", "completed, token kept"),
        ("order 2", "sold nothing; returned 500 cNGN", "refunded; returned 500 cNGN"),
        ("order 3", "sold ₦500; returned 250 cNGN", "completed; returned 250 cNGN"),
        ("40 cNGN that claim no order", "returned 40 cNGN", "refunded"),
        ("100 cNGN that claim no order", "kept", "held"),
        ("0.75 cNGN that claim no order", "kept", "kept"),
    ]


def test_the_table_marks_the_payment_that_differs_and_no_other(both):
    falsify(both.movements, 8, amount=cngn("499"))
    rows = draw_up(both.books()).rows
    assert [row.agrees for row in rows] == [True, False, True, True, True, True]


def test_a_difference_never_shows_a_token(both):
    """I18."""
    falsify(both.orders, 0, tokens=(OTHER_TOKEN,))
    both.messages[0] = told(LIGHT, f"Token: {OTHER_TOKEN}")
    text = "\n".join(draw_up(both.books()).differences)
    assert text
    assert TOKEN not in text.replace("-", "")
    assert OTHER_TOKEN not in text.replace("-", "")

"""Stop texts: an answer ends before the first of them, however it is cut into pieces."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from thinkcap.serve.reply import StopText

TEXTS = st.text("ab.", max_size=30)


@given(st.lists(TEXTS, max_size=12), st.lists(st.text("ab.", min_size=1, max_size=4), max_size=3))
def test_a_stop_text_is_found_across_pieces(pieces: list[str], stops: list[str]) -> None:
    whole = "".join(pieces)
    stop, shown = StopText(stops), ""
    for piece in pieces:
        shown += stop.take(piece)
        assert whole.startswith(shown)
        if stop.found is not None:
            break
    else:
        shown += stop.rest()
    ends = [at for each in stops if (at := whole.find(each)) >= 0]
    if stop.found is None:
        assert not ends
        assert shown == whole
    else:
        assert whole[len(shown) :].startswith(stop.found)
        assert not any(each in shown for each in stops)


def test_nothing_is_held_back_that_begins_no_stop_text() -> None:
    stop = StopText(["END"])
    assert stop.take("the ") == "the "
    assert stop.take("E") == ""
    assert stop.take("N") == ""
    assert stop.take("x") == "ENx"

import io
import sys

import pytest

from replication.system.progress import track_on_terminal


@pytest.mark.parametrize(("columns", "whole"), [(120, True), (80, True), (40, False), (20, False)])
def test_a_bar_names_the_whole_method_and_writes_ascii_where_the_stream_is(
    monkeypatch, columns, whole
):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(written, encoding="ascii"))
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(columns))
    with track_on_terminal("privatizing: pprl-vgan-averaged-same-pathology", 1795) as advance:
        advance()
    sys.stderr.flush()
    shown = written.getvalue().decode()
    assert "-" in shown
    assert ("pprl-vgan-averaged-same-pathology" in shown and "1/1795" in shown) or not whole


def test_bars_of_two_threads_stand_below_each_other_and_go_in_any_order(monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(written, encoding="ascii"))
    monkeypatch.setenv("FORCE_COLOR", "1")
    first, second = track_on_terminal("training one", 2), track_on_terminal("training another", 3)
    first.__enter__()()
    advance = second.__enter__()
    advance()
    first.__exit__(None, None, None)
    advance()
    second.__exit__(None, None, None)
    sys.stderr.flush()
    shown = written.getvalue().decode()
    assert "1/2" in shown and "2/3" in shown
    with track_on_terminal("afterwards", 4) as advance:
        advance()
    sys.stderr.flush()
    assert "1/4" in written.getvalue().decode().removeprefix(shown)

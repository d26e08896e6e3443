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

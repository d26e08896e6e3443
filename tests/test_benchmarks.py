"""The benchmarks' own parts: alternation, goals, the rewritten opponents, counts and the page."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from benchmarks.__main__ import keep_medians
from benchmarks.bench_k_same import PATIENTS, draw_images, k_same_pixel
from benchmarks.bench_vgan_step import build_published_step, count_step_operations, to_colour
from benchmarks.page import to_markdown
from benchmarks.rows import Goal, Row, alternate, describe_machine
from places import ROOT

from replication.config import CPU, SMOKE
from replication.train.vgan import build_vgan


def test_sides_take_turns_and_none_is_always_second() -> None:
    calls = []
    seconds = alternate({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, rounds=5)
    assert "".join(calls) == "ab" + "ab" + "ba" + "ab" + "ba" + "ab"
    assert set(seconds) == {"a", "b"}
    with pytest.raises(ValueError, match="at least 5"):
        alternate({}, rounds=4)


@pytest.mark.parametrize(
    ("goal", "measured", "reached"),
    [
        (Goal(3), 2.9, True),
        (Goal(3), 3.1, False),
        (Goal(3, at_least=True), 2.9, False),
        (Goal(3, at_least=True, holds_here=False), 9.0, None),
    ],
)
def test_a_goal_has_a_right_side(goal, measured, reached) -> None:
    assert goal.is_reached(measured) is reached


def test_the_machine_is_named_with_its_instruction_sets(tmp_path) -> None:
    (tmp_path / "cpuinfo").write_text("model name\t: A\nflags\t\t: fpu avx2 avx512_bf16\n")
    (tmp_path / "meminfo").write_text("MemTotal:       8388608 kB\n")
    found = describe_machine(tmp_path)
    assert found["name"].startswith("A, ")
    assert found["memory_gib"] == 8.0
    assert found["instruction_sets"] == ["avx2", "avx512_bf16"]
    assert all("kernels" in library for library in found["blas"])


def test_k_same_pixel_averages_the_two_pairs() -> None:
    rng = np.random.default_rng(0)
    pair, other = rng.uniform(0, 1, (4, 3)), rng.uniform(50, 51, (4, 3))
    images = np.stack([pair, pair + 0.01, other, other + 0.01])
    averaged = k_same_pixel(images, k=2, seed=0)
    np.testing.assert_allclose(averaged[0], pair + 0.005)
    np.testing.assert_allclose(averaged[1], averaged[0])
    np.testing.assert_allclose(averaged[3], other + 0.005)


def test_operations_of_a_step_are_counted_as_by_hand() -> None:
    model = build_vgan(PATIENTS, (64, 64, 3), CPU.vgan, seed=0)
    taps = 2 * CPU.vgan.kernel_size**2
    encoder = taps * (1024 * 3 * 16 + 256 * 16 * 32 + 64 * 32 * 64 + 16 * 64 * 128)
    decoder = taps * (16 * 128 * 128 + 64 * 128 * 64 + 256 * 64 * 64 + 1024 * 64 * 3)
    judge = taps * (1024 * 3 * 32 + 256 * 32 * 64 + 64 * 64 * 128 + 16 * 128 * 256)
    spared = taps * 1024 * 3 * (2 * 16 + 2 * 32)
    per_image = 7 * (encoder + decoder) + 10 * judge - spared
    assert count_step_operations(model, 32) == 32 * per_image


def test_the_committed_page_is_that_of_the_committed_rows() -> None:
    found = json.loads((ROOT / "artifacts" / "baselines" / "benchmarks.json").read_text())
    assert (ROOT / "docs" / "performance.md").read_text(encoding="utf-8") == to_markdown(found)


@pytest.mark.slow
def test_the_published_loop_steps() -> None:
    settings = replace(SMOKE.vgan, batch_size=4, units=16)
    train = to_colour(draw_images(12, seed=0, side_px=16))
    tf.config.experimental.enable_op_determinism()  # as tests before it may have
    build_published_step(train, identities=PATIENTS, settings=settings, seed=0)()


def test_the_page_says_what_is_reached_and_what_was_not_measured() -> None:
    rows = [
        Row("ours", "theirs", 2.5, Goal(3), "memory", 1.2, {"ours": 0.5, "theirs": 0.2}),
        Row("help", "pass", 0.7, Goal(0.5, unit="s more"), "Python"),
    ]
    here = describe_machine()
    found = [
        _describe(here | {"name": name}, [row.to_dict() for row in seen])
        for name, seen in (("A", rows), ("B", rows[1:]))
    ]
    page = to_markdown({"machines": found})
    assert "| what | beside | to reach | A | B |" in page
    assert "| ours | theirs | <= 3x | 2.50x: yes | not measured |" in page
    assert "| help | pass | <= 0.5 s more | 0.70 s more: **no** | 0.70 s more: **no** |" in page
    assert "| help | Python | not measured |" in page
    assert "Quick form" in page


def test_a_row_of_several_processes_is_that_of_the_median_ratio() -> None:
    found = [
        [Row("ours", "theirs", ratio, Goal(2), "memory", None, {"ours": ratio}).to_dict()]
        for ratio in (3.0, 1.0, 2.0)
    ]
    (row,) = keep_medians(found)
    assert row["measured"] == row["seconds"]["ours"] == 2.0
    assert row["reached"]
    page = to_markdown({"machines": [_describe(describe_machine(), [row])]})
    assert "2.00x (1.00 to 3.00): yes" in page


def test_a_benchmark_run_again_keeps_the_rows_of_the_others(tmp_path) -> None:
    file, kept = tmp_path / "found.json", Row("ours", "theirs", 2.5, Goal(3), "memory").to_dict()
    rows = [{"benchmark": name} | kept for name in ("start", "k_same")]
    here = describe_machine()
    another = _describe(here | {"name": "another"}, rows)
    file.write_text(json.dumps({"machines": [another, _describe(here, rows)]}))
    words = ["--quick", "--again", "start", "--json", file, "--page", tmp_path / "page.md"]
    subprocess.run([sys.executable, "-m", "tests.benchmarks", *words], cwd=ROOT, check=True)
    ours, theirs = json.loads(file.read_text())["machines"]
    assert theirs == another
    rows = ours["rows"]
    assert [row["benchmark"] for row in rows] == ["k_same", "start"]
    assert rows[0] == {"benchmark": "k_same"} | kept
    assert rows[1]["what"].startswith("the help")
    assert rows[1]["processes"] == [rows[1]["measured"]]


@pytest.mark.slow
def test_one_command_runs_them_all_in_quick_form(tmp_path) -> None:
    files = {"--json": tmp_path / "found.json", "--page": tmp_path / "page.md"}
    options = [str(word) for pair in files.items() for word in pair]
    subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", "--quick", *options], cwd=ROOT, check=True
    )
    found = json.loads(files["--json"].read_text())
    (ours,) = found["machines"]
    assert ours["quick"]
    assert {"cpu" in row["what"] for row in ours["rows"]} == {True, False}
    assert "Ratios" in files["--page"].read_text()


def _describe(machine: dict, rows: list[dict]) -> dict:
    """Return what benchmarks.json holds of one machine."""
    return {
        "machine": machine,
        "versions": {"numpy": "1"},
        "load": 0.0,
        "quick": True,
        "rows": rows,
    }

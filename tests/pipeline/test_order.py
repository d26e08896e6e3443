"""A smoke run end to end, on the surrogate, through the command line."""

import json
import re
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from click.testing import CliRunner
from tiny_run import make_tiny

import cli as command_line
from replication.command_line import opening
from replication.config import PROFILES, SMOKE
from replication.errors import DataError
from replication.evaluate.table1 import from_json
from replication.pipeline.order import Replication, Stage
from replication.privatize.methods import BEYOND, ROWS
from replication.store.run_folder import RunStore
from replication.store.words import Words

# All 22 take twice the time; Table 1's are measured in tests/test_regression.py.
OF_EACH_KIND = (
    *("pprl-vgan-random", "pprl-vgan-averaged-random", "blur-9", "k-same-6", "k-same-grouped-6"),
    *("dp-pix-16", "evidence-code-k5", "pp-mir"),
)


def run_beside(folder, **works):
    """Run stages with these works at the same time, in a run of its own."""
    source = SimpleNamespace(words=Words())
    data = SimpleNamespace(store=RunStore(folder), ending=threading.Event(), source=source)
    data.store.open({})
    stages = [
        Stage(unit, {}, (), lambda run, _, work=work: work(run), beside=True)
        for unit, work in works.items()
    ]
    run = Replication(data)
    run.stages = lambda: stages
    run.run(until=stages[-1].unit)
    return data.store


def test_neighbours_run_at_the_same_time(tmp_path):
    both = threading.Barrier(2, timeout=30)
    store = run_beside(tmp_path, first=lambda _: both.wait(), second=lambda _: both.wait())
    assert all(store.folder(unit).is_dir() for unit in ("first", "second"))


@pytest.mark.parametrize("fault", [DataError("none"), KeyboardInterrupt()])
def test_when_one_can_t_go_on_the_other_ends_too(tmp_path, fault):
    def fail(_):
        raise fault

    def train(run):
        assert run.ending.wait(timeout=30)
        raise KeyboardInterrupt

    with pytest.raises(type(fault)):
        run_beside(tmp_path, first=train, second=fail)
    assert not any((tmp_path / unit).exists() for unit in ("first", "second"))


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory):
    return tmp_path_factory.mktemp("smoke") / "artifacts"


@pytest.fixture
def call(artifacts, monkeypatch):
    monkeypatch.setattr(opening, "ARTIFACTS", artifacts)
    words = ["replicate", "--profile", "smoke", "--draws", "2", "--run", "smoke"]

    def run(*more, methods=OF_EACH_KIND):
        chosen = [word for name in methods for word in ("--method", name)]
        return CliRunner().invoke(command_line.cli, [*words, *chosen, *map(str, more)])

    return run


@pytest.fixture
def first_run(call, artifacts):
    """Run everything once for this file; later calls find it complete."""
    result = call()
    assert result.exit_code == 0, result.output
    return artifacts / "runs" / "smoke"


def test_it_fills_the_rows_of_what_was_run(first_run):
    table = from_json((first_run / "06_evaluated" / "table1.json").read_text())
    run = [row for row in ROWS if row.name in ("original", *OF_EACH_KIND)]
    assert [row.method for row in table.rows if row.measured] == [row.name for row in run]
    numbers = pd.read_csv(first_run / "06_evaluated" / "table1.csv").set_index("method")
    assert len(numbers) == 14
    assert "not measured" in (first_run / "06_evaluated" / "table1.md").read_text()
    cells = numbers.loc[[row.name for row in run]].filter(regex="accuracy|f1").to_numpy().ravel()
    assert sum(cell != "-" for cell in cells) == sum(len(row.metrics()) for row in run) == 18


def test_what_the_paper_lacks_is_measured_apart(first_run):
    folder = first_run / "06_evaluated"
    table = from_json((folder / "table1.json").read_text())
    beyond = [row.name for row in BEYOND if row.name in OF_EACH_KIND]
    assert [row.method for row in table.beyond] == beyond and len(beyond) == 4
    assert pd.read_csv(folder / "beyond.csv")["method"].tolist() == beyond
    assert table.at_most["dp-pix-16"] == 1 > table.at_most["k-same-grouped-6"]
    assert "not for a person" in (folder / "beyond.md").read_text()
    # A test image of a patient without a training image of its kind only makes a group larger.
    attackers = pd.read_csv(first_run / "07_attacked" / "attackers.csv")
    named = attackers["identity"] == attackers["best"]
    rates = named.groupby(attackers["method"]).mean()
    grouped = {name: share for name, share in table.at_most.items() if "grouped" in name}
    assert len(grouped) == 1
    assert all(rates[name] <= share + 1e-9 for name, share in grouped.items())


def test_what_codes_prove_is_in_table_2_and_no_attacker_does_better(first_run):
    attack = json.loads((first_run / "07_attacked" / "table2.json").read_text())
    measures = [f"proven_identity_at_most{of}" for of in ("", "_with", "_without")]
    coded = [row.name for row in BEYOND if row.alike and row.name in OF_EACH_KIND]
    cells = [(row["method"], row["measure"]) for row in attack["proven"]]
    assert cells == [(method, measure) for method in coded for measure in measures]
    numbers = pd.read_csv(first_run / "07_attacked" / "table2.csv").set_index(["method", "measure"])
    table = from_json((first_run / "06_evaluated" / "table1.json").read_text())
    for row in attack["proven"]:
        assert row["holds"] is not False
        # Of equal images nobody does better; of noisy ones nobody on average.
        assert "grouped" not in row["method"] or row["value"] <= row["at_most"] + 1e-9
        written = numbers.loc[(row["method"], row["measure"]), "value"]
        assert written == pytest.approx(row["at_most"])
        if row["measure"] == measures[0]:
            assert row["at_most"] == pytest.approx(table.at_most[row["method"]])
    page = (first_run / "07_attacked" / "table2.md").read_text()
    assert "| proven at most, single images |" in page and "**What is proven.**" in page
    checks = json.loads((first_run / "check.json").read_text())["checks"]
    assert sum(check["group"] == "proven bounds" for check in checks) == len(cells)


def test_the_preprocessed_surrogate_holds_every_expectation(first_run):
    """Among them the paper's shares, and every patient in training."""
    table = pd.read_csv(first_run / "01_preprocessed" / "manifest.csv")
    assert len(table) == SMOKE.surrogate.images
    assert table["iris_found"].mean() > 0.9
    record = json.loads((first_run / "02_validated" / "validation.json").read_text())
    assert record["success"] and record["counts_known"]
    page = (first_run / "02_validated" / "validation.md").read_text()
    assert page.startswith("# 44 expectations, 0 failing\n")


def test_every_method_and_noise_are_attacked(first_run):
    folder = first_run / "07_attacked"
    # No plane: of so few patients too few have each kind of sign to compare kinds.
    names = ("table2.csv", "table2.md", "differences.csv", "attackers.csv")
    assert all((folder / name).stat().st_size for name in names)
    table2 = json.loads((folder / "table2.json").read_text())
    values = {(row["method"], row["measure"]): row["value"] for row in table2["rows"]}
    methods = {"original", *OF_EACH_KIND}
    assert {method for method, _ in values} == methods | {"noise"}
    assert {row["method"] for row in table2["summary"]} == methods
    assert table2["claims"]
    for method in methods:
        assert {(method, name) for name in ("identity_best", "verdicts_lost", "kid")} <= (
            values.keys()
        )
    # Table 2 attacks as many draws as this run has, so what both tables measure is the same.
    table = from_json((first_run / "06_evaluated" / "table1.json").read_text())
    shared = {"identity_accuracy": "identity_static"}
    shared |= {name: name for name in ("glaucoma_accuracy", "glaucoma_f1")}
    for (method, metric), value in (table.numbers() | table.numbers_beyond()).items():
        if metric in shared:
            assert values[method, shared[metric]] == pytest.approx(value, abs=1e-6)


def test_originals_and_all_pprl_vgan_sets_are_explained_and_nothing_else(first_run):
    folder = first_run / "08_explained"
    relevance = pd.read_csv(folder / "relevance.csv")
    predictions = pd.read_csv(first_run / "06_evaluated" / "predictions.csv")
    expected = predictions[predictions["method"].str.contains("original|pprl")]
    keys = ["method", "draw", "image_id", "identity", "glaucoma"]
    ordered = [
        table.sort_values(keys)[keys].reset_index(drop=True) for table in (relevance, expected)
    ]
    pd.testing.assert_frame_equal(*ordered)
    kept = sorted(file.parent.relative_to(folder / "maps") for file in folder.rglob("maps.npy"))
    assert len(kept) == 1 + 2 * 2
    assert (folder / "sign_places.csv").exists()
    rules = pd.read_csv(folder / "rules.csv").set_index("method")
    assert list(rules.index) == ["deep_taylor.folded", "deep_taylor.bounded", "deep_taylor"]
    assert (rules["empty"] == 0).all()
    assert rules.loc["deep_taylor.folded", "sum_median"] == pytest.approx(1, abs=1e-3)
    page = (folder / "explanation.md").read_text()
    assert "predicted class on the embedded surrogate (synthetic eyes, not Warsaw)" in page
    assert "**Figure 5.** Of the test images" in page


def test_a_file_is_explained_by_the_runs_network(first_run, artifacts, monkeypatch, tmp_path):
    monkeypatch.setattr(opening, "ARTIFACTS", artifacts)
    eye = next((artifacts / "surrogate").rglob("*_R_IG_*.jpg"))
    picture = tmp_path / "eye.png"
    words = ["explain", "--profile", "smoke", "--draws", "2", "--run", "smoke", "--eye", "right"]
    result = CliRunner().invoke(
        command_line.cli, [*words, "--image", str(eye), "--out", str(picture)]
    )
    assert result.exit_code == 0, result.output
    assert "Glaucoma: " in result.stdout and "Explained: " in result.stdout
    assert picture.exists()


def test_a_second_run_keeps_every_stage_and_ends_with_the_table_and_the_verdict(first_run, call):
    start = time.perf_counter()
    result = call()
    assert time.perf_counter() - start < 10
    stages = [line for line in result.stderr.splitlines() if line[:2].isdigit()]
    assert len(stages) == 11 + len(OF_EACH_KIND)
    assert all(line.endswith(": kept") for line in stages)
    # The table is ours beside the paper's, and names the surrogate.
    assert "not Warsaw" in " ".join(result.stdout.split())
    assert "(90.00)" in result.stdout
    assert str(first_run) in result.stdout.replace("\n", "")
    # A smoke run is never blessed.
    assert result.exit_code == 0
    assert "\nNOT_BLESSED\n" in result.stdout
    assert "data: 44 holds" in result.stdout
    assert json.loads((first_run / "check.json").read_text())["exit_code"] == 4
    judged = CliRunner().invoke(command_line.cli, ["check", str(first_run)])
    assert judged.exit_code == 4


def test_a_report_that_was_made_again_is_kept(first_run, call):
    page = first_run / "09_report" / "index.html"
    page.unlink()
    result = CliRunner().invoke(command_line.cli, ["report", str(first_run)])
    assert result.exit_code == 0, result.output
    assert "A smoke run shows that everything runs" in page.read_text(encoding="utf-8")
    assert "09_report: kept" in call().stderr


@pytest.mark.parametrize(
    "command",
    [
        ("sweep", "--until", "06_evaluated"),
        pytest.param(("replicate",), marks=pytest.mark.slow),
    ],
)
def test_several_seeds_share_a_split_and_leave_their_spread(artifacts, monkeypatch, command):
    monkeypatch.setattr(opening, "ARTIFACTS", artifacts)
    monkeypatch.setitem(PROFILES, "smoke", SMOKE)
    make_tiny()
    words = [*command, "--method", "blur-3", "--profile", "smoke", "--seeds", "2"]
    result = CliRunner().invoke(command_line.cli, words)
    assert result.exit_code == 0, result.output
    runs = artifacts / "runs"
    one, other = (runs / f"surrogate-smoke-seed-{seed}" for seed in (0, 1))
    split = Path("01_preprocessed") / "manifest.csv"
    assert (one / split).read_bytes() == (other / split).read_bytes()
    weights = Path("03_evaluators") / "identity" / "weights.h5"
    assert (one / weights).read_bytes() != (other / weights).read_bytes()
    seeds = json.loads((runs / "surrogate-smoke-seeds-0-to-1" / "seeds.json").read_text())
    assert set(seeds["numbers"]) == {"0", "1"}
    assert len(seeds["numbers"]["0"]) == 6


def test_a_broken_stage_is_made_again_and_gives_the_same_table(first_run, call):
    before = (first_run / "06_evaluated" / "table1.json").read_text()
    record = json.loads((first_run / "05_privatized" / "blur-9" / "stage.json").read_text())
    assert record["outputs"]
    (first_run / "05_privatized" / "blur-9" / "draw-0.npy").write_bytes(b"broken")
    result = call()
    assert "05_privatized/blur-9: run" in result.stderr
    assert (first_run / "06_evaluated" / "table1.json").read_text() == before


@pytest.mark.slow
def test_split_by_patient_it_runs_from_raw_eyes_to_verdict_and_says_so(artifacts, monkeypatch):
    monkeypatch.setattr(opening, "ARTIFACTS", artifacts)
    words = ["replicate", "--all", "--profile", "smoke", "--draws", "2", "--split", "patient"]
    result = CliRunner().invoke(command_line.cli, words)
    assert result.exit_code == 0, result.output
    run = artifacts / "runs" / "surrogate-smoke-seed-0-by-patient"
    manifest = pd.read_csv(run / "01_preprocessed" / "manifest.csv")
    people = {name: set(part["patient_id"]) for name, part in manifest.groupby("subset")}
    assert not people["train"] & (people["validation"] | people["test"])
    assert not people["validation"] & people["test"]
    assert len(people["train"] | people["enrolment"]) == SMOKE.surrogate.patients
    predictions = pd.read_csv(run / "06_evaluated" / "predictions.csv")
    tested = manifest.loc[manifest["subset"] == "test", "image_id"]
    assert set(predictions["image_id"]) == set(tested)
    for page in ("06_evaluated/table1.md", "08_explained/explanation.md", "check.md"):
        assert "the glaucoma network never saw the test patients" in (run / page).read_text()
    record = json.loads((run / "02_validated" / "validation.json").read_text())
    assert record["success"] and len(record["expectations"]) == 42


@pytest.mark.slow
def test_forks_are_judged_by_the_networks_of_a_finished_run(first_run, call, tmp_path):
    words = ["measure-forks", "--profile", "smoke", "--draws", "2", "--run", "smoke", "--into"]
    result = CliRunner().invoke(command_line.cli, [*words, str(tmp_path)])
    assert result.exit_code == 0, result.output
    page = (first_run / "forks.md").read_text()
    assert "| blur hides the patient least |" in page and page in result.output
    assert (tmp_path / "forks.md").read_text() == page
    figures = json.loads((tmp_path / "forks.json").read_text())
    assert {len(fork["numbers"]) for fork in figures["forks"]} == {1, 2, 3, 4, 5}


@pytest.mark.slow
def test_a_method_that_refuses_the_data_is_left_out_and_the_others_are_measured(
    artifacts, monkeypatch
):
    """Of so few patients no code can be learned."""
    monkeypatch.setattr(opening, "ARTIFACTS", artifacts)
    monkeypatch.setitem(PROFILES, "smoke", SMOKE)
    make_tiny()
    code = ("--method", "evidence-code-k3")
    words = ["replicate", "--method", "blur-3", *code, "--profile", "smoke", "--run", "refused"]
    result = CliRunner().invoke(command_line.cli, words)
    assert result.exit_code == 0, result.output
    why = "evidence code: .* too few to learn a code from"
    assert re.search(f"05_privatized/evidence-code-k3: refused: {why}", result.stderr)
    assert re.search(f"Not measured: evidence-code-k3: {why}", " ".join(result.stdout.split()))
    run = artifacts / "runs" / "refused"
    table = from_json((run / "06_evaluated" / "table1.json").read_text())
    assert list(table.refused) == ["evidence-code-k3"] and not table.beyond
    attacked = json.loads((run / "07_attacked" / "table2.json").read_text())["rows"]
    assert {row["method"] for row in attacked} == {"original", "blur-3", "noise"}
    for page in ("06_evaluated/beyond.md", "09_report/index.html"):
        assert re.search(f"evidence-code-k3: {why}", (run / page).read_text())
    again = CliRunner().invoke(command_line.cli, words)
    assert "05_privatized/evidence-code-k3: kept" in again.stderr
    alone = [*words[:1], *code, *words[5:-1], "alone"]
    result = CliRunner().invoke(command_line.cli, alone)
    assert result.exit_code == 3
    assert re.search(why, result.stderr)

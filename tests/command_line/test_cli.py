import json
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner
from drawn_bodies import draw_chest, write_bodies
from drawn_eyes import write_eyes, write_image, write_manifest, write_warsaw
from places import ROOT

import cli as command_line
from replication.command_line import opening
from replication.command_line.opening import find_limit, name_command
from replication.command_line.printing import find_worst
from replication.errors import SettingsError
from replication.privatize.methods import ROWS

FROM_BASELINE = ("replicate", "--all", "--from-baseline")
CIRCLE = ("--circle", 1, 2, 3)
BLUR, MINE = ("--method", "blur-9"), ("--manifest", "m.csv")


@pytest.fixture
def call(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "ARTIFACTS", tmp_path / "artifacts")
    return lambda *words: CliRunner().invoke(command_line.cli, [str(word) for word in words])


def expect_one_sentence(result, *parts, code=3):
    assert result.exit_code == code, result.output
    [error] = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    for part in parts:
        assert part in error


def list_commands(group, words=()):
    for name, command in group.commands.items():
        yield (*words, name), command
        if isinstance(command, click.Group):
            yield from list_commands(command, (*words, name))


COMMANDS = {" ".join(words): command for words, command in list_commands(command_line.cli)}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_text_fits_a_terminal_and_has_examples_that_parse(call, name):
    result = call(*name.split(), "--help")
    assert result.exit_code == 0 and "Usage:" in result.output
    assert max(map(len, result.output.splitlines())) <= 80
    text = re.sub(r" \\\n +", " ", COMMANDS[name].help)  # an example of two lines
    examples = re.findall(r"^ +python cli\.py (.*)$", text, flags=re.MULTILINE)
    assert examples
    for example in examples:
        words = shlex.split(example.partition(" > ")[0])
        typed = next(n for n in sorted(COMMANDS, reverse=True) if example.startswith(n))
        assert typed.startswith(name)
        COMMANDS[typed].make_context(typed, words[len(typed.split()) :], resilient_parsing=False)


def test_the_list_of_commands_has_whole_sentences(call):
    listed = call("--help").output
    assert max(map(len, listed.splitlines())) <= 80
    assert "..." not in listed.partition("Commands:")[2]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_is_for_the_installed_command(call, shell):
    script = call("completion", shell).output
    assert "privacy-explanations" in script
    assert "_PRIVACY_EXPLANATIONS_COMPLETE" in script


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (["replicate", "--method", "pprl-vgan-av"], ["averaged-random", "averaged-same-pathology"]),
        (["replicate", "--profile", "s"], ["smoke"]),
        (["data", "synthesize", "--profile", ""], ["smoke", "cpu", "cpu-float32", "paper"]),
        (["check-"], ["check-explanations"]),
    ],
)
def test_the_shell_completes_methods_profiles_and_commands(typed, expected):
    complete = ShellComplete(command_line.cli, {}, "privacy-explanations", "_X_COMPLETE")
    *before, last = typed
    found = [item.value for item in complete.get_completions(before, last)]
    assert [value.removeprefix("pprl-vgan-") for value in found] == expected


def test_the_next_command_has_the_same_options_and_never_begins_anew(monkeypatch):
    typed = ["cli.py", "preprocess", "--profile", "smoke", "--fresh", "--run", "a run"]
    monkeypatch.setattr(sys, "argv", typed)
    monkeypatch.setattr(sys, "orig_argv", ["bin/python", *typed])
    with click.Context(command_line.cli, info_name="preprocess"):
        options = "--profile smoke --run 'a run'"
        assert name_command("validate") == f"bin/python cli.py validate {options}"
        monkeypatch.setattr(sys, "argv", ["bin/privacy-explanations", *typed[1:]])
        assert name_command() == f"bin/privacy-explanations preprocess {options}"


@pytest.mark.parametrize("image", ["0003/eye.png", "./0003.png", "explain"])
def test_the_command_to_resume_does_not_name_the_image(monkeypatch, image):
    typed = ["cli.py", "explain-case", image, "--eye", "right"]
    monkeypatch.setattr(sys, "argv", typed)
    monkeypatch.setattr(sys, "orig_argv", ["python", *typed])
    command = command_line.cli.commands["explain-case"]
    with command.make_context("explain-case", typed[2:]):
        assert name_command() == "python cli.py explain-case FILE --eye right"


def test_help_needs_no_heavy_import():
    code = (
        "import sys, cli\n"
        "from click.testing import CliRunner\n"
        "assert CliRunner().invoke(cli.cli, ['--help']).exit_code == 0\n"
        "heavy = {'tensorflow', 'keras', 'pandas', 'cv2', 'numpy', 'great_expectations'}\n"
        "heavy |= {'importlib.metadata', 'subprocess'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


@pytest.mark.parametrize(("flag", "level"), [("-v", "INFO"), ("-vv", "DEBUG")])
def test_libraries_log_no_more_than_warnings_however_much_we_do(flag, level):
    code = (
        "import cli, logging, sys\n"
        "cli.cli([sys.argv[1], 'completion', 'bash'], standalone_mode=False)\n"
        "for name in ('replication', 'great_expectations', 'matplotlib'):\n"
        "    level = logging.getLogger(name).getEffectiveLevel()\n"
        "    print(logging.getLevelName(level), file=sys.stderr)\n"
    )
    command = [sys.executable, "-c", code, flag]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stderr.split() == [level, "WARNING", "WARNING"]


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("replicate",), ["--all", "blur-9"]),
        (("replicate", "--all", *BLUR), ["--all"]),
        (("replicate", "--method", "blur-8"), ["unknown method 'blur-8'", "k-same-6"]),
        (("replicate", "--all", "--profile", "gpu"), ["unknown profile 'gpu'", "smoke"]),
        (("replicate", "--all", "--data-dir", "a", "--manifest", "b"), ["not both"]),
        *[
            (("replicate", "--all", "--run", name), ["--run", "expected a name of letters"])
            for name in ("..", ".", "", "../here", ".hidden", "-x", "a/b", "a\nb", "a" * 101)
        ],
        ((*FROM_BASELINE, "--seed", 1), ["first split, profile cpu, seed 0"]),
        ((*FROM_BASELINE, "--seeds", 2), ["of one seed alone"]),
        ((*FROM_BASELINE, "--profile", "smoke"), ["profile cpu"]),
        ((*FROM_BASELINE, "--data-dir", "a"), ["the surrogate's first split"]),
        ((*FROM_BASELINE, "--split", "patient"), ["are of the split by image"]),
        # Privatizing many images needs all of its options.
        (("privatize", *BLUR), ["--method: give --out"]),
        (("privatize", "--unknown-patients"), ["--unknown-patients: give --out"]),
        (("privatize", "--dicom"), ["--dicom: give --out"]),
        (("privatize", "--out", "o", *BLUR), ["--out: give --manifest and --method"]),
        (("privatize", "--out", "o", *MINE), ["--out: give --manifest and --method"]),
        (("explain-case",), ["either an IMAGE, or --queries"]),
        # Alone it is of the images to explain, beside those of the run's data.
        (("explain-case", *MINE, "--patient", 1), ["--patient: is of one IMAGE"]),
        (("explain-case", "a.png", "--queries", "q.csv"), ["either an IMAGE, or --queries"]),
        (("explain-case", "--queries", "q.csv", "--patient", 1), ["--patient: is of one IMAGE"]),
        (("explain-case", "--queries", "q.csv", *CIRCLE), ["--circle: is of one IMAGE"]),
        (("explain", *CIRCLE), ["--circle: is of --image"]),
        (("privatize", "--out", "o", *MINE, "--method", "x"), ["unknown method 'x'"]),
    ],
)
def test_options_that_do_not_fit_are_refused_before_any_work(call, monkeypatch, words, parts):
    worked = property(lambda run: pytest.fail("the data were read"))
    monkeypatch.setattr("replication.pipeline.run_data.RunData.raw", worked)
    expect_one_sentence(call(*words), *parts)


def test_dicom_without_its_package_is_refused_before_any_work(call, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pydicom", None)
    words = ("privatize", "--out", tmp_path / "o", *MINE, "--method", "blur-3", "--dicom")
    expect_one_sentence(call(*words), "--dicom needs pydicom: install the extra `dicom`")
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_leaves_nothing_behind(call, tmp_path):
    result = call("replicate", "--all", "--data-dir", tmp_path / "nowhere")
    expect_one_sentence(result, "nowhere")
    assert not list((tmp_path / "artifacts").rglob("stage.json"))


def test_a_run_folder_of_other_settings_is_refused(call, tmp_path):
    options = ("--data-dir", write_warsaw(tmp_path / "eyes"), "--run", "mine")
    call("preprocess", *options)
    expect_one_sentence(call("preprocess", *options, "--seed", 1), "other settings (seed)")


def test_a_split_by_patient_is_another_run_in_a_folder_of_its_own(call, tmp_path):
    eyes = write_warsaw(tmp_path / "eyes")
    options = ("--data-dir", eyes, "--split", "patient")
    call("preprocess", *options)
    [run] = (tmp_path / "artifacts" / "runs").glob("eyes-*-cpu-seed-0-by-patient/run.json")
    assert json.loads(run.read_text())["split"] == "patient"
    call("preprocess", "--data-dir", eyes, "--run", "mine")
    by_image = tmp_path / "artifacts" / "runs" / "mine" / "run.json"
    assert json.loads(by_image.read_text())["split"] == "image"
    expect_one_sentence(call("preprocess", *options, "--run", "mine"), "other settings (split)")


def test_another_limit_of_uncentred_images_is_another_run_in_a_folder_of_its_own(call, tmp_path):
    options = ("--data-dir", write_warsaw(tmp_path / "eyes"))
    call("preprocess", *options)
    call("preprocess", *options, "--max-uncentred", "0.1")
    call("preprocess", *options, "--max-uncentred", "0.25")
    runs = {file.parent.name: json.loads(file.read_text()) for file in tmp_path.rglob("run.json")}
    usual, wider = sorted(runs)
    assert wider == f"{usual}-uncentred-0.25"
    assert "max_uncentred" not in runs[usual] and runs[wider]["max_uncentred"] == 0.25
    refused = call("preprocess", *options, "--run", wider)
    expect_one_sentence(refused, "other settings (max_uncentred)")
    assert call("preprocess", *options, "--max-uncentred", "1.5").exit_code == 2
    # By which limit `privatize --out` opens a run.
    assert [find_limit(name) for name in (wider, usual, "none", None)] == [0.25, 0.1, 0.1, 0.1]


def test_the_doctor_prints_what_is_there_and_the_next_command(call, tmp_path):
    write_eyes(tmp_path, 40).drop(columns="image_id").to_csv(tmp_path / "m.csv", index=False)
    result = call("data", "doctor", tmp_path / "m.csv")
    assert result.exit_code == 0
    assert "images: 40" in result.output
    assert "K = 12: only" in result.output and "K = 3:" not in result.output
    next_one = rf"Next: .* --method k-same-3 .*--manifest {tmp_path / 'm.csv'}\n"
    assert re.search(next_one, result.output) and "--method k-same-12" not in result.output
    assert "--data-dir" not in result.output


def test_the_doctor_hands_on_what_the_user_states(call, tmp_path):
    manifest = tmp_path / "m.csv"
    table = write_eyes(tmp_path, 40).drop(columns="image_id")
    table["patient_id"] = table["patient_id"].replace({"8": "07"})
    table.to_csv(manifest, index=False)
    refused = call("data", "doctor", manifest)
    assert refused.exit_code == 3
    assert re.search("^wrong: .*'07' = '7' may be one person", refused.output, re.MULTILINE)
    expect_one_sentence(
        call("preprocess", "--manifest", manifest), "may be one person", "--ids-are-distinct"
    )
    stated = ("--split-seed", "1", "--max-uncentred", "0.25", "--ids-are-distinct")
    result = call("data", "doctor", manifest, *stated)
    assert result.exit_code == 0
    assert f" {' '.join(stated)}\n" in result.output.partition("Next: ")[2]


def test_the_doctor_hands_on_the_steps(call, tmp_path):
    manifest = write_bodies(tmp_path / "chests", draw_chest, patients=40, images=3)
    expect_one_sentence(call("preprocess", "--manifest", manifest), "'eye' not found")
    steps = ("--strip-rows", "0", "--no-mirroring", "--centring", "none", "--resize", "pad")
    result = call("data", "doctor", manifest, *steps, "--channels", "1", "--image-size", "128")
    assert result.exit_code == 0, result.output
    assert "odd: not centred on irises, so not measured: evidence-code-k3" in result.output
    command = result.output.partition("Next: ")[2]
    assert command.endswith(f" {' '.join(steps)} --channels 1 --image-size 128\n")
    assert "evidence-code" not in command
    done = call("preprocess", "--manifest", manifest, *steps)
    assert done.exit_code == 0, done.output
    assert call("preprocess", "--channels", "2").exit_code == 2


@pytest.mark.parametrize(
    ("words", "name"), [(("replicate", "--all", "--run", "m"), "m-seed-3"), (("sweep",), None)]
)
def test_seeds_are_counted_from_the_one_given(call, monkeypatch, words, name):
    opened = []

    def open_request(request, *, fresh):
        opened.append((request.seed, request.run_name))
        raise SettingsError("enough")

    monkeypatch.setattr(opening, "open_request", open_request)
    expect_one_sentence(call(*words, "--seed", 3, "--seeds", 2), "enough")
    assert opened == [(3, name)]


@pytest.mark.parametrize(
    ("codes", "worst"), [({0}, 0), ({0, 4}, 4), ({4, 1}, 1), ({1, 3}, 3), ({3, 5, 0}, 5)]
)
def test_many_runs_end_as_the_worst_of_them_does(codes, worst):
    assert find_worst(codes) == worst


def test_the_audit_needs_no_data_and_finds_the_test_size(call):
    assert json.loads(call("audit-paper", "--json").output)
    audit = call("audit-paper").output
    assert "340" in audit and audit.isascii()
    assert max(map(len, audit.splitlines())) <= 80
    named = re.findall(r"\bpprl-vgan\S*", audit)
    assert {named.count(row.name) for row in ROWS if row.name.startswith("pprl")} == {5}
    assert len(named) == 25


def test_a_name_that_the_stream_cannot_write_is_written_by_numbers(tmp_path):
    folder = write_manifest(tmp_path / "Łódź").parent
    words = [sys.executable, str(ROOT / "cli.py"), "data", "doctor", str(folder)]
    environment = os.environ | {"PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(words, env=environment, capture_output=True, check=False)
    assert done.stderr == b""
    assert rb"\u0141\xf3d\u017a" in done.stdout.replace(b"\xf3", rb"\xf3")


def test_synthesize_draws_a_surrogate_and_never_over_something(call, tmp_path):
    target = tmp_path / "eyes"
    write_image(target / "mine.png", seed=0)
    expect_one_sentence(call("data", "synthesize", target, "--profile", "smoke"), "exists already")
    assert [file.name for file in target.iterdir()] == ["mine.png"]


def test_calibration_without_twins_or_with_few_images_is_one_sentence(call, tmp_path):
    root = write_warsaw(tmp_path / "eyes")
    words = ("data", "calibrate", root, "--into", tmp_path / "out")
    expect_one_sentence(call(*words), "again without their signs, in twins-NIR")
    (root / "twins-NIR").mkdir()
    (root / "signs.csv").write_text("file,signs\n")
    expect_one_sentence(call(*words), "needs 200 images in which the iris is found, got 5")
    assert not (tmp_path / "out").exists()


def test_help_answers_within_half_a_second_of_python_itself():
    def measure(*words):
        times = []
        for _ in range(5):
            start = time.perf_counter()
            subprocess.run([sys.executable, *words], cwd=ROOT, check=True, capture_output=True)
            times.append(time.perf_counter() - start)
        return min(times)

    assert measure("cli.py", "--help") - measure("-c", "pass") < 0.5


@pytest.mark.parametrize("command", ["preprocess", "replicate", "check", "report", "sweep"])
def test_words_too_many_are_not_printed(call, command):
    result = call(command, "MARKER-a", "MARKER-b", "MARKER-c")
    assert result.exit_code == 2
    assert "unexpected extra arguments" in result.stderr and "MARKER" not in result.output


@pytest.mark.parametrize("option", ["--data-dir", "--manifest"])
def test_a_link_in_a_circle_is_one_sentence(call, tmp_path, option):
    (tmp_path / "loop").symlink_to("loop")
    expect_one_sentence(call("preprocess", option, tmp_path / "loop"), "loop")


def test_git_looks_at_the_place_behind_a_link(tmp_path, capsys):
    subprocess.run(["git", "init", "--quiet", str(tmp_path / "clone")], check=True)
    (tmp_path / "link").symlink_to("clone")
    for target, warned in (("link/a/b", True), ("clone", True), ("free/a", False)):
        opening.warn_of_commit(tmp_path / target)
        assert ("git doesn't ignore it" in capsys.readouterr().err) == warned, target
    opening.warn_of_commit(Path("/"))

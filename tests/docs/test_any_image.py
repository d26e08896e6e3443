"""The examples of docs/any-image.md do what the page says."""

import re
import shlex
import sys

import pytest
from click.testing import CliRunner
from drawn_bodies import SETS, write_bodies
from places import DOCS

import cli as command_line
from replication.command_line import opening

PAGE = (DOCS / "any-image.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^python cli\.py (.*)$", PAGE, flags=re.MULTILINE)
CODES = ("evidence-code-k3", "evidence-code-k5", "evidence-code-k10")


def find_commands(name: str, word: str) -> list[list[str]]:
    return [line.split() for line in COMMANDS if f"{name}/" in line and line.startswith(word)]


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Run a command of the page in a folder with its images, and return what it prints."""
    monkeypatch.setattr(opening, "ARTIFACTS", tmp_path / "artifacts")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["cli.py", "example"])

    def run(words, *more):
        return CliRunner().invoke(command_line.cli, [*words, *more])

    return run


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("chests", ("images: 600", "patients: 60", "images with the disease: 200")),
        ("grounds", ("images: 225", "patients: 45", "circles to be centred on: 225")),
    ],
)
def test_the_doctor_calls_the_examples_usable(call, tmp_path, name, counts):
    manifest = write_bodies(tmp_path / name, **SETS[name])
    heading = manifest.read_text().splitlines()[0]
    assert f"\n{heading}\n" in PAGE
    [words] = find_commands(name, "data doctor")
    printed = call(words)
    assert printed.exit_code == 0, printed.output
    left_out = f"not measured: {', '.join((*CODES, 'pp-mir'))}"
    for line in (*counts, "Usable as it is.", left_out):
        assert line in printed.output
    # What the doctor hands on is what the page goes on with.
    [replicate] = find_commands(name, "replicate")
    handed_on = shlex.split(printed.output.partition("Next: ")[2])
    steps = set(handed_on[handed_on.index("--manifest") :])
    assert steps <= set(replicate)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["chests", "grounds"])
def test_the_examples_run_to_their_end(call, tmp_path, name):
    write_bodies(tmp_path / name, **SETS[name])
    [words] = find_commands(name, "replicate")
    printed = call(words, "--draws", "1")
    assert printed.exit_code == 0, printed.output
    assert "05_privatized/evidence-code-k3: refused: " in printed.output
    assert f"Not measured: {', '.join(CODES)}: evidence code" in " ".join(printed.output.split())
    [page] = (tmp_path / "artifacts").rglob("explanation.md")
    assert "Not measured: no image is centred on an iris." in page.read_text()
    outputs = [printed.output]
    queries = tmp_path / name / "queries.csv"
    queries.write_text("".join((tmp_path / name / "manifest.csv").open().readlines()[:4]))
    options = [*words[words.index("--manifest") :], "--draws", "1"]
    many = ["explain-case", "--queries", str(queries), "--method", "k-same-grouped-6", *options]
    single = [*find_commands(name, "explain-case"), *find_commands(name, "explain --image")]
    for words in [many, *([*words, "--draws", "1"] for words in single)]:
        card = call(words)
        assert card.exit_code == 0, card.output
        outputs.append(card.output)
    assert "Answered: 3 of 3" in outputs[1]
    assert list((tmp_path / "artifacts").rglob("card/index.html"))
    pages = [*(tmp_path / "artifacts").rglob("*.md"), *(tmp_path / "artifacts").rglob("*.html")]
    wrong = {
        page.name: found
        for page in pages
        if "data_docs" not in page.parts and (found := search_words(page.read_text()))
    }
    assert not wrong
    assert not any(map(search_words, outputs))


def search_words(text: str) -> list[str]:
    """Return the lines of a page that speak of eyes or glaucoma and don't quote, name or cite."""
    text = re.sub(r'<h2 id="departures">.*?(?=<h2 )', "", text, flags=re.DOTALL)
    text = re.sub(r"<(style|script|code|blockquote)\b.*?</\1>", "", text, flags=re.DOTALL)
    text = re.sub(r"<[^>]*>|`[^`]*`|“[^”]*”|\(§[^)]*\)", " ", text)
    plain = r"(?<![-/_.\w])(glaucoma|(?<!left )(?<!right )eyes?)(?![-/_]|[.:]\w)\b"
    return [line for line in text.splitlines() if re.search(plain, line, re.IGNORECASE)]

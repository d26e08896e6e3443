import subprocess
from pathlib import Path

import pytest

from replication.system.provenance import count_cores, find_commit, name_machine


def test_processors_of_one_name_have_different_descriptions(tmp_path: Path) -> None:
    for model in ("2", "17"):
        (tmp_path / "cpuinfo").write_text(
            f"cpu family\t: 26\nmodel\t\t: {model}\nmodel name\t: A\n\nmodel name\t: B\n"
        )
        assert name_machine(tmp_path) == f"A (cpu family 26, model {model}), {count_cores()} cores"


def test_a_system_without_cpuinfo_has_a_name_all_the_same(tmp_path: Path) -> None:
    name, cores = name_machine(tmp_path).split(", ")
    assert name
    assert cores == f"{count_cores()} cores"


@pytest.mark.parametrize(("changes", "commit"), [("", "abc"), (" M cli.py", None)])
def test_only_unchanged_code_has_a_commit(monkeypatch, changes: str, commit: str | None) -> None:
    answers = {"rev-parse": "abc\n", "status": changes}

    def run_git(words, **options):
        return subprocess.CompletedProcess(words, 0, stdout=answers[words[3]])

    monkeypatch.setattr(subprocess, "run", run_git)
    assert find_commit.__wrapped__() == commit

"""The machine is named so that two processors sold under one name are told apart."""

from pathlib import Path

from replication.system.provenance import count_cores, name_machine


def test_processors_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for model in ("2", "17"):
        (tmp_path / "cpuinfo").write_text(
            f"cpu family\t: 26\nmodel\t\t: {model}\nmodel name\t: A\n\nmodel name\t: B\n"
        )
        assert name_machine(tmp_path) == f"A (cpu family 26, model {model}), {count_cores()} cores"


def test_a_system_that_tells_nothing_has_a_name_all_the_same(tmp_path: Path) -> None:
    name, cores = name_machine(tmp_path).split(", ")
    assert name
    assert cores == f"{count_cores()} cores"

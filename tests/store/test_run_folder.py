import shutil

import pytest

from replication.errors import SettingsError, StageNotRun
from replication.store.files import read_json, write_json
from replication.store.run_folder import CHECKPOINT, LEDGER, RECORD, SCRATCH, RunStore
from replication.system.provenance import find_commit


class Killed(BaseException):
    pass


KEY = {"settings": {"size": (3, 4)}, "inputs": {}}


@pytest.fixture
def store(tmp_path):
    store = RunStore(tmp_path / "run")
    store.open({"seed": 0})
    return store


def write(store, unit="02_stage", key=KEY, text="hello"):
    with store.writing(unit, key) as folder:
        (folder / "out.txt").write_text(text)
        (folder / "docs").mkdir()
        (folder / "docs" / "page.html").write_text(text)


def test_a_stage_is_complete_once_its_block_ended_well(store):
    assert not store.is_complete("02_stage", KEY)
    with pytest.raises(StageNotRun, match="02_stage: not complete"):
        store.folder("02_stage")
    write(store)
    assert store.is_complete("02_stage", KEY)
    record = read_json(store.folder("02_stage") / RECORD)
    assert record["versions"]["numpy"] and record["commit"] == find_commit()
    assert list(record["outputs"]) == ["docs/page.html", "out.txt"]


def test_a_stage_that_fails_leaves_nothing_complete(store):
    write(store, text="before")
    with pytest.raises(ValueError), store.writing("02_stage", {"settings": 2}) as folder:
        (folder / "out.txt").write_text("half")
        raise ValueError
    assert (store.folder("02_stage") / "out.txt").read_text() == "before"
    assert not store.is_complete("02_stage", {"settings": 2})


@pytest.mark.parametrize(
    "key", [{**KEY, "settings": {"size": (3, 5)}}, {**KEY, "inputs": {"01_raw": "abd"}}]
)
def test_other_settings_or_inputs_are_another_stage(store, key):
    write(store)
    assert not store.is_complete("02_stage", key)


@pytest.mark.parametrize("name", ["out.txt", "docs/page.html"])
@pytest.mark.parametrize("change", ["edit", "remove", "add"])
def test_files_that_were_changed_are_not_believed(store, change, name):
    write(store)
    file = store.folder("02_stage") / name
    if change == "edit":
        file.write_text("other")
    elif change == "remove":
        file.unlink()
    else:
        (file.parent / "more.txt").write_text("more")
    assert not store.is_complete("02_stage", KEY)
    again = RunStore(store.root)
    with pytest.raises(StageNotRun, match="not as its stage left it"):
        again.folder("02_stage")


def test_what_is_written_again_is_looked_at_again(store):
    write(store)
    store.folder("02_stage")
    write(store, text="other")
    (store.root / "02_stage" / "out.txt").write_text("changed")
    with pytest.raises(StageNotRun, match="not as its stage left it"):
        store.folder("02_stage")


@pytest.mark.parametrize("change", ["other", "absent", "further back"])
def test_what_is_read_back_belongs_together(store, change):
    write(store, "01_raw", key={}, text="north")
    write(store, "02_stage", key={"inputs": {"01_raw": store.digest("01_raw")}})
    write(store, "03_last", key={"inputs": {"02_stage": store.digest("02_stage")}})
    assert store.folder("03_last")
    if change == "absent":
        shutil.rmtree(store.root / "01_raw")
    else:
        write(store, "01_raw", key={}, text="south")
    last = "03_last" if change == "further back" else "02_stage"
    with pytest.raises(StageNotRun, match="01_raw: was made again since 02_stage; run `replicate`"):
        RunStore(store.root).folder(last)
    write(store, "01_raw", key={}, text="north")
    assert RunStore(store.root).folder(last)


def test_what_a_killed_stage_left_is_given_again_for_the_same_key_alone(store):
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt), store.writing("04_train", KEY) as folder:
            assert [entry.name for entry in folder.iterdir() if entry.name not in SCRATCH] == []
            (folder / "half").touch()
            (folder / "halves").mkdir()
            (folder / "halves" / "half").touch()
            with (folder / CHECKPOINT).open("a") as log:
                log.write("x")
            raise KeyboardInterrupt
    assert (folder / CHECKPOINT).read_text() == "xx"
    with store.writing("04_train", {"settings": "others"}) as folder:
        assert not (folder / CHECKPOINT).exists()


def test_a_checkpoint_is_no_part_of_what_a_training_leaves(store):
    with store.writing("04_train", KEY) as folder:
        (folder / CHECKPOINT).touch()
        (folder / "weights").touch()
    left = sorted(file.name for file in store.folder("04_train").iterdir())
    assert left == [RECORD, "weights"]


def test_killed_after_its_record_was_written_a_stage_is_complete(store, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(RunStore, "_finish_rename", lambda self, unit: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            write(store)
    again = RunStore(store.root)
    with pytest.raises(StageNotRun):
        again.folder("02_stage")
    assert again.is_complete("02_stage", KEY)
    assert (again.folder("02_stage") / "out.txt").read_text() == "hello"


@pytest.mark.parametrize("content", ["", "{", "[]", "[" * 10**5, '{"key": 3}', "\x00", '"9"'])
def test_a_broken_record_makes_a_stage_not_run(store, content, caplog):
    write(store)
    (store.folder("02_stage") / RECORD).write_text(content)
    again = RunStore(store.root)
    assert not again.is_complete("02_stage", KEY)
    assert "02_stage/stage.json" in caplog.text
    with pytest.raises(StageNotRun):
        again.folder("02_stage")


def test_a_folder_of_a_run_killed_while_it_was_made_or_cleared_is_taken(tmp_path):
    for left in ("run.lock", "run.pid", "run.json.tmp"):
        (tmp_path / left).touch()
    (tmp_path / "run.units").mkdir()
    RunStore(tmp_path).open({"seed": 0})
    assert read_json(tmp_path / "run.json") == {"seed": 0}


def test_a_private_run_lets_nobody_else_in(tmp_path):
    for private, mode in ((True, 0o700), (False, 0o755)):
        store = RunStore(tmp_path / str(private) / "run")
        store.open({"seed": 0}, private=private)
        assert store.root.stat().st_mode & 0o777 == mode
    # A folder that was there, of another run or empty, is closed as a private run begins in it.
    store.open({"seed": 1}, private=True, fresh=True)
    assert store.root.stat().st_mode & 0o777 == 0o700
    # What its owner does with it later stays.
    store.root.chmod(0o750)
    store.open({"seed": 1}, private=True)
    assert store.root.stat().st_mode & 0o777 == 0o750


def test_scratch_lies_in_the_run_and_what_a_killed_command_left_goes_with_the_next(store):
    with store.scratch() as folder, pytest.raises(SettingsError, match="is working in this run"):
        assert folder.parent == store.root
        (folder / "eye.npy").touch()
        RunStore(store.root).open({"seed": 0})
    assert not folder.exists()
    folder.mkdir()
    (folder / "eye.npy").touch()
    RunStore(store.root).open({"seed": 0})
    assert not folder.exists()


def test_a_run_has_a_secret_of_its_own_that_nobody_else_reads_and_nothing_throws_away(tmp_path):
    one, other = (RunStore(tmp_path / name) for name in "ab")
    for store in (one, other):
        store.open({"seed": 0})
    file = one.root / "run.secret"
    assert file.stat().st_mode & 0o777 == 0o600
    assert one.secret == int(file.read_text(), 16) >= 2**128
    assert one.secret != other.secret and one.secret_digest != other.secret_digest
    before = one.secret
    one.open({"seed": 0}, fresh=True)
    assert RunStore(one.root).secret == before
    # A copy of it alone repeats the run elsewhere.
    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copy(file, copy)
    repeated = RunStore(copy)
    repeated.open({"seed": 0})
    assert repeated.secret == before


@pytest.mark.parametrize("content", ["", "00", "g" * 64, "é" * 64])
def test_a_damaged_secret_is_named_and_not_used(store, content):
    (store.root / "run.secret").write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match="run.secret: damaged; restore it"):
        store.open({"seed": 0})


def test_the_digest_follows_the_files_and_not_the_clock(store):
    write(store)
    before = store.digest("02_stage")
    write(store)
    assert store.digest("02_stage") == before
    write(store, text="other")
    assert store.digest("02_stage") != before


@pytest.mark.parametrize(
    ("settings", "differing"),
    [
        ({"seed": 1, "split": "image"}, "seed"),
        ({"seed": 0}, "split"),
        ({"seed": 0, "split": "image", "draws": 3}, "draws"),
        ({"split": "patient"}, "seed, split"),
    ],
)
def test_a_run_of_other_settings_is_refused_and_fresh_starts_it_again(
    tmp_path, settings, differing
):
    store = RunStore(tmp_path / "run")
    for _ in range(2):
        store.open({"seed": 0, "split": "image"})
    write(store)
    with pytest.raises(SettingsError, match=rf"other settings \({differing}\)"):
        store.open(settings)
    store.open(settings, fresh=True)
    assert not (store.root / "02_stage").exists()


def test_what_was_shown_outlives_fresh(tmp_path):
    store = RunStore(tmp_path / "run")
    store.open({"seed": 0})
    write(store)
    (store.root / LEDGER).write_text("shown\n")
    store.open({"seed": 0}, fresh=True)
    assert (store.root / LEDGER).read_text() == "shown\n"
    assert not (store.root / "02_stage").exists()


def test_settings_of_the_attack_make_that_stage_anew_and_not_the_run(tmp_path):
    """Records of before had them; a training of hours isn't refused for them."""
    store = RunStore(tmp_path / "run")
    store.open({"seed": 0, "profile": {"name": "cpu"}})
    before = {"seed": 0, "profile": {"name": "cpu", "attack": {"updates": 240}}}
    write_json(store.root / "run.json", before)
    store.open({"seed": 0, "profile": {"name": "cpu"}})
    with pytest.raises(SettingsError, match=r"other settings \(profile\)"):
        store.open({"seed": 0, "profile": {"name": "cpu", "vgan": {"steps": 3}}})


def test_a_folder_that_is_no_run_is_never_touched(tmp_path):
    (tmp_path / "thesis.doc").write_text("x")
    with pytest.raises(SettingsError, match="not a run's folder"):
        RunStore(tmp_path).open({"seed": 0}, fresh=True)
    assert (tmp_path / "thesis.doc").exists()

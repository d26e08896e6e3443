"""Nothing leaves: no connection, nobody else in the folder."""

import os
import socket
import subprocess
import sys

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from drawn_eyes import (
    draw_eye,
    label_strip,
    write_warsaw,
)
from pytest_socket import SocketConnectBlockedError
from tiny_process import REPLICATE, finish, start
from tiny_run import make_tiny

import cli as command_line
from replication import config
from replication.command_line import opening
from replication.store.files import read_json
from replication.surrogate.synthesize import synthesize

ELSEWHERE = ("192.0.2.1", 80)  # RFC 5737: nobody's


def test_sockets_are_closed_to_all_but_loopback(figure):
    warned = pytest.warns(UserWarning, match=ELSEWHERE[0])
    with warned, socket.socket() as caller, pytest.raises(SocketConnectBlockedError):
        caller.connect(ELSEWHERE)
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
    figure("here: a connection elsewhere is refused, one to this machine is not")


def test_they_are_closed_in_processes_that_tests_start(figure):
    code = f"import socket; socket.create_connection({ELSEWHERE})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "PermissionError: closed to all but loopback: 192.0.2.1" in done.stderr
    figure("in a process started here: the same")


def test_a_surrogate_with_one_image_of_a_users_is_patients_data(
    tmp_path, monkeypatch, caplog, figure
):
    monkeypatch.setattr(opening, "ARTIFACTS", tmp_path / "artifacts")
    eyes = tmp_path / "eyes"
    few = config.SurrogateSettings(patients=3, images=9, glaucoma_images=3)
    synthesize(eyes, few, seed=3, workers=1)
    one, other, *_ = sorted(eyes.rglob("*_IG_*.jpg"))
    pixels = cv2.imread(str(other), cv2.IMREAD_GRAYSCALE)
    cv2.imwrite(str(one), np.roll(pixels, 9, axis=1))
    words = ["preprocess", "--profile", "smoke", "--data-dir", str(eyes), "--run", "mine"]
    CliRunner().invoke(command_line.cli, words)
    run = tmp_path / "artifacts" / "runs" / "mine"
    kind = read_json(run / "run.json")["source"]["kind"]
    assert (kind, run.stat().st_mode & 0o777) == ("folder", 0o700)
    assert "not the surrogate that was drawn there" in caplog.text
    figure("one of 9 images replaced: kind 'folder', mode 0700")


def test_the_folder_of_a_run_on_a_users_data_is_closed_to_others(tmp_path, monkeypatch, figure):
    monkeypatch.setattr(opening, "ARTIFACTS", tmp_path / "artifacts")
    root = write_warsaw(tmp_path / "eyes")
    CliRunner().invoke(command_line.cli, ["preprocess", "--data-dir", str(root), "--run", "mine"])
    mode = (tmp_path / "artifacts/runs/mine").stat().st_mode & 0o777
    assert mode == 0o700
    figure(f"mode {mode:04o}")


def test_what_is_written_of_patients_is_its_owners_alone_and_git_is_named(
    tmp_path, monkeypatch, figure
):
    monkeypatch.setattr(opening, "ARTIFACTS", tmp_path / "artifacts")
    monkeypatch.setitem(config.PROFILES, "smoke", config.PROFILES["smoke"])
    make_tiny()
    clinic = tmp_path / "clinic"
    clinic.mkdir()
    rows = ["path,patient_id,eye,glaucoma"]
    for i in range(2):
        cv2.imwrite(str(clinic / f"{i}.png"), label_strip(draw_eye(radius_px=100.0 + i)))
        rows.append(f"{i}.png,{i},left,{i}")
    (clinic / "m.csv").write_text("\n".join([*rows, ""]))
    subprocess.run(["git", "init", "--quiet", str(tmp_path / "clone")], check=True)
    out = tmp_path / "clone" / "out"
    words = ["privatize", "--profile", "smoke", "--manifest", str(clinic / "m.csv")]
    before = os.umask(0o002)
    try:
        result = CliRunner().invoke(
            command_line.cli, [*words, "--method", "blur-9", "--out", str(out)]
        )
        assert os.umask(0o002) == 0o002  # as it was
    finally:
        os.umask(before)
    assert result.exit_code == 0, result.output
    assert f"{out}: made of patients' eyes, and git doesn't ignore it" in result.stderr
    written = [out, *out.rglob("*")]
    assert len(written) > 3
    assert {path.stat().st_mode & 0o777 for path in written} == {0o700, 0o600}
    figure(f"`privatize --out`: {len(written)} files and folders, 0600 and 0700 under umask 0002")


@pytest.mark.slow
def test_a_whole_run_opens_no_connection(tmp_path, figure):
    log = tmp_path / "attempts"
    without_net = ["unshare", "--net"]
    if subprocess.run([*without_net, "true"], capture_output=True, check=False).returncode:
        without_net = []
    finish(start(tmp_path, REPLICATE, within=without_net, CLOSED_SOCKETS_LOG=str(log)))
    assert not log.exists(), log.read_text()
    where = "without any network" if without_net else "with sockets closed"
    figure(f"raw eyes to verdict {where}: complete, 0 attempts to connect")


def test_the_hook_logs_an_attempt_that_a_library_swallows(tmp_path):
    log = tmp_path / "attempts"
    code = f"import socket\ntry: socket.create_connection({ELSEWHERE})\nexcept OSError: pass"
    env = os.environ | {"CLOSED_SOCKETS_LOG": str(log)}
    subprocess.run([sys.executable, "-c", code], check=True, env=env)
    assert "192.0.2.1" in log.read_text()

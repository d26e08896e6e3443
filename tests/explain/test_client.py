"""The parent of the worker, with stand-ins for it: its requests, what it accepts, how it fails."""

import signal
import sys
from pathlib import Path

import numpy as np
import pytest

from replication.config import SMOKE
from replication.errors import DataError, ExplanationError
from replication.explain import client as explain
from replication.explain.client import ExplanationWorker, describe_end
from replication.explain.exchange import load_relevance, load_request, save_relevance
from replication.records import Neuron, RelevanceMaps

SHAPE = (4, 5, 3)

# Each logit is the request's first probability minus a half, each map is full of it.
ANSWER = """
import sys
from pathlib import Path
import numpy as np
from replication.records import RelevanceMaps
from replication.explain.exchange import load_request, save_relevance
name = sys.stdin.readline().strip()
folder = Path(sys.argv[1]) / name
request, images, predictions = load_request(folder)
logit = predictions[:, 0] - np.float32(0.5)
maps = np.broadcast_to(np.maximum(logit, 0)[:, None, None], images.shape[:3]).astype(np.float32)
relevance = RelevanceMaps(maps, predictions.argmax(axis=1), logit)
print("TensorFlow prints something")
print("explained 2")
print("explained 1", flush=True)
"""
ANSWERED = "print('answered', name, flush=True)\n"
SAVE = f"""
save_relevance(folder, relevance)
{ANSWERED}
sys.stdin.read()
"""
HALF_WRITTEN = "(folder / 'maps.npy').write_bytes(b'half')\n"
ANSWERS_ALL = f"while True:\n  exec({(ANSWER + SAVE.replace('sys.stdin.read()', ''))!r})"
TWO_OF_THREE = "relevance = RelevanceMaps(maps[:2], relevance.neuron[:2], logit[:2])\n"


@pytest.fixture
def stand_in(monkeypatch):
    """Run a script in the worker's place."""

    def use(script):
        monkeypatch.setattr(explain, "WORKER", (sys.executable, "-c", script))

    return use


@pytest.fixture
def request_of_three(tmp_path):
    """A request that has nothing wrong with it."""
    weights = tmp_path / "weights.h5"
    weights.write_bytes(b"weights")
    return {
        "images": np.random.default_rng(0).uniform(-1, 1, (3, *SHAPE)).astype(np.float32),
        "weights": weights,
        "settings": SMOKE.evaluator,
        "predictions": np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], np.float32),
        "neuron": Neuron.PREDICTED,
        "folder": tmp_path / "08_explained",
    }


def explain_images(images, *, folder, **request):
    with ExplanationWorker(folder) as worker:
        return worker.explain(images, **request)


def test_the_answer_comes_back_with_its_progress_and_leaves_no_files(stand_in, request_of_three):
    stand_in(ANSWER + SAVE)
    calls = []
    relevance = explain_images(**request_of_three, on_image=lambda: calls.append(1))
    np.testing.assert_allclose(relevance.logit, [0.4, -0.3, 0.1], atol=1e-6)
    np.testing.assert_array_equal(relevance.empty, [False, True, False])
    np.testing.assert_array_equal(relevance.neuron, [0, 1, 0])
    np.testing.assert_allclose(relevance.maps.sum(axis=(1, 2)), [8, 0, 2], atol=1e-5)
    assert len(calls) == 3
    assert not any(request_of_three["folder"].iterdir())


def test_what_a_killed_parent_left_is_not_taken_for_an_answer(stand_in, request_of_three):
    left = request_of_three["folder"] / explain.EXCHANGE
    left.mkdir(parents=True)
    (left / "maps.npy").write_bytes(b"of before")
    stand_in("print('answered request-1')")
    with pytest.raises(ExplanationError, match="no usable maps.*No such file"):
        explain_images(**request_of_three)
    assert not any(request_of_three["folder"].iterdir())


def test_one_worker_answers_one_request_after_another(stand_in, request_of_three):
    stand_in(ANSWERS_ALL)
    folder = request_of_three.pop("folder")
    others = request_of_three | {"predictions": request_of_three["predictions"][::-1].copy()}
    with ExplanationWorker(folder) as worker:
        first, second = (worker.explain(**request) for request in (request_of_three, others))
    np.testing.assert_array_equal(first.logit, second.logit[::-1])
    assert not any(folder.iterdir())


def test_the_next_set_is_sent_before_the_last_ones_maps_are_taken(stand_in, request_of_three):
    stand_in(ANSWERS_ALL)
    folder, taken = request_of_three.pop("folder"), []
    images, predictions = (request_of_three.pop(name) for name in ("images", "predictions"))

    def give():
        for number in range(4):
            taken.append(number)
            yield images[: number + 1][:3], predictions[: number + 1][:3]

    with ExplanationWorker(folder) as worker:
        explained = worker.explain_each(give(), **request_of_three)
        lengths = []
        for relevance in explained:
            lengths.append((len(relevance), len(taken)))
        assert lengths == [(1, 2), (2, 3), (3, 4), (3, 4)]


def test_sets_that_were_sent_and_not_waited_for_are_not_taken_for_later_ones(
    stand_in, request_of_three
):
    stand_in(ANSWERS_ALL)
    folder = request_of_three.pop("folder")
    images, predictions = (request_of_three.pop(name) for name in ("images", "predictions"))
    with ExplanationWorker(folder) as worker:
        left = worker.explain_each([(images, predictions)] * 3, **request_of_three)
        next(left)
        left.close()
        one = worker.explain(images[:1], predictions=predictions[:1], **request_of_three)
    assert len(one) == 1


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (ANSWER + "import os; os.kill(os.getpid(), 9)", "was killed .SIGKILL.*last lines: none"),
        (
            "import sys; sys.exit('one\\ntwo\\n\\nthree\\nfour')",
            r"exit code 1\).*two . three . four",
        ),
        ("raise MemoryError", "ran out of memory.*MemoryError"),
        ("import sys; sys.stderr.write('a\\nfoo.h5: no.\\n'); sys.exit(5)", r"^foo\.h5: no\.$"),
        (ANSWER + HALF_WRITTEN + ANSWERED, "no usable maps"),
        (ANSWER + "relevance.maps[0, 0, 0] = -1\n" + SAVE, "no usable maps.*negative"),
        (ANSWER + TWO_OF_THREE + SAVE, r"expected \(3, 4, 5\), got \(2, 4, 5\)"),
    ],
)
def test_a_worker_that_ends_badly_is_one_sentence_and_leaves_nothing(
    stand_in, request_of_three, script, words
):
    stand_in(script)
    with pytest.raises(ExplanationError, match=words) as caught:
        explain_images(**request_of_three)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 5
    assert not any(request_of_three["folder"].iterdir())


def test_a_parent_that_stops_ends_its_worker(stand_in, request_of_three, monkeypatch):
    stand_in(ANSWER + "import time; time.sleep(600)")
    started = []
    popen = explain.subprocess.Popen

    def start(*args, **options):
        started.append(popen(*args, **options))
        return started[0]

    monkeypatch.setattr(explain.subprocess, "Popen", start)

    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        explain_images(**request_of_three, on_image=interrupt)
    assert started[0].returncode == -signal.SIGKILL
    assert not any(request_of_three["folder"].iterdir())


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("images", np.zeros((3, 4, 5), np.float32), r"expected \(N, H, W, C\) float32"),
        ("images", np.zeros((3, *SHAPE)), "got .* float64"),
        ("images", np.full((3, *SHAPE), 2, np.float32), r"values in \[-1, 1\]"),
        ("images", np.zeros((0, *SHAPE), np.float32), "none to explain"),
        ("predictions", np.zeros((2, 2), np.float32), r"expected \(3, 2\), got \(2, 2\)"),
        ("method", "gradient", "gradient: expected one of deep_taylor.folded, deep_taylor"),
        ("weights", Path("nowhere/weights.h5"), r"weights\.h5: no such file"),
    ],
)
def test_a_wrong_request_starts_no_worker(stand_in, request_of_three, name, value, words):
    stand_in("raise SystemExit('started')")
    with pytest.raises(ExplanationError, match=words):
        explain_images(**request_of_three | {name: value})
    assert not request_of_three["folder"].exists()


@pytest.mark.parametrize(
    ("code", "lines", "words"),
    [
        (-11, ["Fatal"], "SIGSEGV; its last lines: Fatal"),
        (-6, ["what():  std::bad_alloc"], "ran out of memory"),
        (1, ["ResourceExhaustedError: OOM when allocating"], "ran out of memory"),
        (5, [], "exit code 5"),
    ],
)
def test_how_a_worker_ended_is_one_sentence(tmp_path, code, lines, words):
    sentence = describe_end(code, lines, tmp_path / "weights.h5")
    assert words in sentence
    assert "weights.h5" in sentence
    assert "\n" not in sentence


def test_the_request_reaches_the_worker_as_it_was_made(stand_in, request_of_three, monkeypatch):
    stand_in("pass")
    requests = []
    monkeypatch.setattr(
        ExplanationWorker,
        "_await_answer",
        lambda worker, name, on_image: (
            requests.append(load_request(worker._exchange / name)) or True
        ),
    )
    with pytest.raises(ExplanationError):
        explain_images(**request_of_three | {"neuron": "glaucoma"}, activation="leaky_relu")
    request, images, predictions = requests[0]
    assert request.weights == request_of_three["weights"].resolve()
    assert request.settings == SMOKE.evaluator
    assert (request.neuron, request.activation) == (Neuron.GLAUCOMA, "leaky_relu")
    np.testing.assert_array_equal(images, request_of_three["images"])
    np.testing.assert_array_equal(predictions, request_of_three["predictions"])


MAPS = np.array([[[1, 2]], [[0, 0]]], np.float32)


def test_relevance_on_disk_comes_back_as_it_was(tmp_path):
    relevance = RelevanceMaps(MAPS, np.array([1, 0]), np.array([0.5, -2], np.float32))
    save_relevance(tmp_path, relevance)
    again = load_relevance(tmp_path)
    for name in ("maps", "neuron", "logit", "empty"):
        np.testing.assert_array_equal(getattr(again, name), getattr(relevance, name))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"maps": np.zeros((2, 3), np.float32)}, "expected .N, H, W. float32"),
        ({"maps": np.full((2, 1, 2), np.nan, np.float32)}, "finite"),
        ({"maps": np.full((2, 1, 2), -1, np.float32)}, "negative"),
        ({"neuron": np.array([1])}, "neuron: expected"),
        ({"logit": np.array([1, 2])}, "logit: expected"),
        ({"logit": np.array([-1, 2], np.float32)}, "logit that isn't positive"),
    ],
)
def test_maps_that_contradict_themselves_are_refused(change, words):
    logit = np.array([0.5, 2], np.float32)
    right = {"maps": MAPS, "neuron": np.array([1, 0]), "logit": logit}
    RelevanceMaps(**right)
    with pytest.raises(DataError, match=words):
        RelevanceMaps(**right | change)

import numpy as np
from fake_eyes import random_eyes

from replication.departures import measure_activations, measure_own_patient


def test_each_activation_is_measured_for_each_task():
    test = random_eyes([0, 1, 2, 2], [True, False, False, True], seed=0, prefix="t")
    asked = []

    def train_and_predict(task, activation):
        asked.append((task, activation))
        seen = {"identity": [0, 1, 2, 0], "glaucoma": [1, 0, 1, 0]}[task]
        return np.eye(3)[seen if activation == "relu" else [2, 2, 2, 2]]

    measured = measure_activations(test, train_and_predict)
    assert measured == {
        "ReLU (ours)": {"identity": 0.75, "glaucoma": 0.5},
        "LeakyReLU 0.2 (reference)": {"identity": 0.5, "glaucoma": 0.0},
    }
    assert asked == [
        (task, activation)
        for activation in ("relu", "leaky_relu")
        for task in ("identity", "glaucoma")
    ]


def test_k_same_select_is_measured_with_and_without_the_own_patient():
    patients = np.arange(14)
    gallery = random_eyes(list(patients), [True] * 14, seed=1, prefix="g")
    test = type(gallery)(gallery.images, gallery.identity, gallery.glaucoma, gallery.image_id)
    measured = measure_own_patient(test, gallery, lambda images: np.eye(14))
    assert len(measured) == 8
    assert measured["k-same-3, with the own patient"] == {"identity": 1.0, "replacement": 1.0}
    assert measured["k-same-3, without the own patient"] == {"identity": 1.0, "replacement": 0.0}

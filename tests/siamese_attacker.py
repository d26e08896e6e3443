"""Train the attack's Siamese network on planted patients and print what it gives others."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from fake_eyes import plant_eyes
from places import ROOT

sys.path.insert(0, str(ROOT))

from keras_models.evaluator import build_evaluator
from replication.attack.networks import IdentityNetwork, SiameseAttacker
from replication.config import AttackSettings, EvaluatorSettings

PATIENTS, SHAPE = 4, (32, 32, 3)
SETTINGS = AttackSettings(siamese_updates=10)


def main() -> None:
    """Train it above the identity network, then embed other images."""
    train, test = (plant_eyes(PATIENTS, 8, size_px=32, seed=seed) for seed in (0, 1))
    evaluator = EvaluatorSettings()
    with TemporaryDirectory() as folder:
        weights = Path(folder) / "weights.h5"
        build_evaluator(
            PATIENTS, SHAPE, block_dropout=0.0, dense_dropout=evaluator.dense_dropout, seed=3
        ).save_weights(str(weights))
        network = IdentityNetwork(weights, PATIENTS, SHAPE, evaluator=evaluator)
    siamese = SiameseAttacker(network.features, settings=SETTINGS)
    learned, embedded = network.embed(train.images), network.embed(test.images)
    siamese.train(learned.features, learned.features, train.identity, seed=1)
    for found in (embedded.embedding, siamese.embed(embedded.features)):
        sys.stdout.write(found.tobytes().hex() + "\n")


if __name__ == "__main__":
    main()

"""Were the attackers good enough? They are tried on originals and on noise.

Only where they recognise patients in originals, learned from as many images, does it mean anything
that they recognise nobody in a method's images; and noise, which shows nobody, has to be at chance.
"""

import numpy as np

from replication.attack.anybody.figures import BEST, Figure
from replication.attack.anybody.parts import Look, Part
from replication.attack.anybody.patients import choose, fit_attackers
from replication.attack.anybody.setting import DECIDING, Setting
from replication.attack.releases import Releases
from replication.errors import DataError

ORIGINALS, NOISE = "originals", "noise"


def attack_controls(setting: Setting) -> dict[str, Figure]:
    """Return the best attacker's figure on noise and, where there are enough of them, on originals.

    The noise has the sources and patients of the releases; the originals are those that these were
    made of, part by part.
    """
    parts, rng = setting.parts, np.random.default_rng([setting.seed, 1])
    own = [setting.take_some(part) for part in (parts.learned, parts.validation, parts.read)]
    taken = {NOISE: [_make_noise(part, rng) for part in own]}
    sources = [setting.take_some(parts.take_originals(part)) for part in own]
    if all(len(part) for part in sources):
        taken[ORIGINALS] = [setting.load(part) for part in sources]
    figures = {}
    for name, (learned, validation, read) in taken.items():
        try:
            attackers = list(fit_attackers(_take_first(learned), setting.patients))
        except DataError:  # too few to learn from
            continue
        rated, found = (
            setting.read(attackers, [_take_first(one)], 1) for one in (validation, read)
        )
        figure = setting.measure_cell(BEST, choose(found, rated), found, of=DECIDING)
        if figure is not None:
            figures[name] = figure
    return figures


def find_fault(controls: dict[str, Figure]) -> str:
    """Return why the attackers weren't good enough, blank where they were."""
    if ORIGINALS not in controls:
        return "the attackers could not be tried on originals: each patient needs several"
    if not controls[ORIGINALS].above:
        return "the attackers recognise nobody in originals either"
    if NOISE in controls and controls[NOISE].above:
        return "the attackers are above chance on noise, which shows nobody"
    return ""


def _take_first(look: Look) -> Look:
    return look.take(look.small.draw == 0)


def _make_noise(part: Part, rng: np.random.Generator) -> Look:
    """Return noise with the patients, sources and draws of a part."""
    shape = part.take(np.arange(1)).load(channels=1).small.levels.shape[1:]
    levels = rng.integers(0, 256, (len(part), *shape), dtype=np.uint8)
    releases = Releases(levels, part.identity, part.source, part.draw)
    return Look(releases, releases)

"""One attack's parts with what all that is measured on them shares: classes, labels, chance, seed."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from replication.attack.anybody.figures import Figure, Victim, describe_reads, measure
from replication.attack.anybody.parts import Look, Part, Parts
from replication.attack.anybody.patients import Attacker, Cell, Tally, read_blocks

MOST_CONTROL = 2000  # ours: images of a control, and of originals that are compared with
DECIDING = 2  # figures of the patient that the verdict looks at: BEST and PERSON


@dataclass(frozen=True)
class Setting:
    """What is attacked, and the seed of what is drawn."""

    parts: Parts
    seed: int

    @property
    def patients(self) -> int:
        """P, the number of classes of identity."""
        return len(self.parts.classes)

    @property
    def knows_used(self) -> bool:
        """Whether it is known who was used."""
        return all(one.images.used is not None for one in (self.parts.learned, self.parts.read))

    @cached_property
    def chance(self) -> float:
        """1 of the patients learned."""
        return 1 / len(np.unique(self.parts.learned.identity))

    @cached_property
    def channels(self) -> int:
        """3 where what is learned or read has colours."""
        collections = (part.images for part in (self.parts.learned, self.parts.read))
        return max(one.load(np.arange(1)).shape[-1] for one in collections)

    @cached_property
    def labels(self) -> np.ndarray:
        """By number of a source 1, 0 or -1: a release's, else an original's, else not known."""
        parts = self.parts
        all_parts = (parts.originals, parts.learned, parts.validation, parts.read)
        labels = np.full(max(int(part.source.max()) for part in all_parts) + 1, -1)
        for part in all_parts:
            own = part.images.disease[part.rows]
            labels[part.source[own >= 0]] = own[own >= 0]
        return labels

    def load(self, part: Part) -> Look:
        """Read the images of a part."""
        return part.load(channels=self.channels)

    def take_some(self, part: Part) -> Part:
        """Return MOST_CONTROL releases of a part at most, those of the first draw before others."""
        if len(part) <= MOST_CONTROL:
            return part
        rng = np.random.default_rng([self.seed, 2])
        order = np.lexsort((rng.random(len(part)), part.draw))
        return part.take(np.sort(order[:MOST_CONTROL]))

    def read(
        self, attackers: list[Attacker], blocks: Iterable[Look], draws: int
    ) -> dict[Cell, Tally]:
        """Let attackers read, as `read_blocks` does."""
        return read_blocks(
            attackers, blocks, patients=self.patients, draws=draws, labels=self.labels
        )

    def measure_cell(
        self,
        name: str,
        cell: Cell | None,
        found: dict[Cell, Tally],
        *,
        label: int | None = None,
        chance: float | None = None,
        of: int = 0,
        decides: bool = False,
    ) -> Figure | None:
        """Return the figure of one cell; None of none.

        Args:
            name: of the measure.
            cell: who reads, and how.
            found: the tallies by cell.
            label: whose sources count, 0 or 1; None for all.
            chance: None for that of all.
            of, decides: as for `measure`.
        """
        if cell is None:
            return None
        tally = found[cell]
        groups = tally.groups if label is None else tally.groups[label]
        return measure(
            Victim.PATIENT,
            name,
            tally.rates(label),
            images=int(groups.sum()),
            chance=self.chance if chance is None else chance,
            seed=self.seed,
            attacker=cell.attacker,
            reads=describe_reads(cell.learned, cell.read),
            of=of,
            decides=decides,
        )

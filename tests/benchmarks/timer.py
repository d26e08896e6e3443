"""Time several sides of a comparison in turn, so that what else the machine does hits all alike."""

import time
from collections.abc import Callable, Mapping
from statistics import median

LEAST_ROUNDS = 5


def alternate(sides: Mapping[str, Callable[[], object]], *, rounds: int) -> dict[str, float]:
    """Return the median seconds of each side, all of them called once in each round.

    Args:
        sides: by name; each is called once before anything is timed.
        rounds: at least five.

    Raises:
        ValueError: when the rounds are too few for a median.
    """
    if rounds < LEAST_ROUNDS:
        raise ValueError(f"rounds: expected at least {LEAST_ROUNDS}, got {rounds}")
    for run in sides.values():
        run()
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(rounds):
        # Every other round backwards: nobody always comes after the same side.
        for name in list(sides)[:: 1 if turn % 2 == 0 else -1]:
            start = time.perf_counter()
            sides[name]()
            seconds[name].append(time.perf_counter() - start)
    return {name: median(values) for name, values in seconds.items()}

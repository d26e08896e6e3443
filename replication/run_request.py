"""What a run is asked to be, in plain values: any process on any machine can open the same run."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class RunRequest:
    """One run; equal requests have the same folder and settings.

    Args:
        artifacts: the folder of runs and of drawn surrogates.
        methods: names of the privatizers.
        data_dir: a folder in the Warsaw layout, or None.
        manifest: a CSV of other images, or None; with neither, the surrogate.
        profile: name of the settings.
        seed: of training and draws.
        split_seed: of the split.
        split: "image" or "patient".
        draws: privatized sets per PPRL-VGAN regime.
        run_name: of the run's folder; None names it by data, profile and seeds.
        from_baseline: take the reference weights instead of training.
        neuron: which output is explained.
        explanation_method: iNNvestigate's name of it.
    """

    artifacts: str
    methods: tuple[str, ...]
    data_dir: str | None = None
    manifest: str | None = None
    profile: str = "cpu"
    seed: int = 0
    split_seed: int = 0
    split: str = "image"
    draws: int = 10
    run_name: str | None = None
    from_baseline: bool = False
    neuron: str = "predicted"
    explanation_method: str = "deep_taylor"

    def to_plain(self) -> dict:
        """Return the values as JSON knows them."""
        plain = {field.name: getattr(self, field.name) for field in fields(self)}
        return plain | {"methods": list(self.methods)}

    @classmethod
    def from_plain(cls, plain: dict) -> RunRequest:
        """Return the request that `to_plain` wrote down."""
        return cls(**plain | {"methods": tuple(plain["methods"])})

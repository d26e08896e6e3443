"""Write docs/performance.md from what the benchmarks found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from replication.markdown_table import lay_out_table

HEAD = """# Performance

Written by `make bench` from `artifacts/baselines/benchmarks.json`; not to be edited by hand.

Every ratio is between two sides of one run on one machine, called in turn, each the median of at
least five calls. What is judged are these ratios and the few limits that name a unit; the seconds
below are for the eye alone. Rows of one benchmark are of one run; `--again` runs one of them anew and
keeps the others' rows.
"""
QUICK = "**Quick form: tiny sizes, only to show that the benchmarks run. Nothing here counts.**\n"
BOUND_NOTE = """
"From the bound": the time, or the memory, of ours as a multiple of what the bound alone takes,
measured in the same run; "not measured" where nothing such is.
"""
PAST_ONE_MACHINE = """
## Past one machine

- **Many images**: `cli.py privatize --manifest FILE --method M --out DIR` works in blocks; the rows on
  its memory are above.
- **Many runs, many machines**: `cli.py sweep`, on Dask ([cluster](cluster.md)). Two processes on two
  cores share the same arithmetic, so only what a single process leaves idle is gained.
- **Many GPUs**: PPRL-VGAN's training shares each batch among them; how fast is not measured. Two
  logical devices of one processor, used by the tests, bring nothing: the same cores do the work.

## What bfloat16 costs

The same five seeds trained in float32 and in bfloat16, seed by seed: [bfloat16](bfloat16.md), written
by `make bfloat16` (an hour and a half).
"""


def to_markdown(found: Mapping) -> str:
    """Return the page.

    Args:
        found: content of benchmarks.json.
    """
    rows: Sequence[Mapping] = found["rows"]
    table = lay_out_table(
        ("what", "beside", "measured", "to reach", "reached"),
        [
            (r["what"], r["beside"], _value(r, r["measured"]), _goal(r), _reached(r["reached"]))
            for r in rows
        ],
        words=2,
    )
    bounds = lay_out_table(
        ("what", "bounded by", "from the bound"),
        [(r["what"], r["bound"], _factor(r["from_bound"])) for r in rows],
        words=2,
    )
    seconds = lay_out_table(
        ("what", "seconds"),
        [
            (r["what"], ", ".join(f"{side} {value:.4g}" for side, value in r["seconds"].items()))
            for r in rows
            if r["seconds"]
        ],
        words=2,
    )
    parts = [HEAD, *([QUICK] if found["quick"] else []), "## Machine\n", _machine(found), ""]
    parts += ["## Ratios\n", *table, "", "## What bounds them\n", *bounds, BOUND_NOTE]
    parts += ["## Seconds, never judged\n", *seconds, PAST_ONE_MACHINE]
    return "\n".join(parts)


def _machine(found: Mapping) -> str:
    machine = found["machine"]
    sets = ", ".join(machine["instruction_sets"])
    packages = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB; "
        f"instruction sets {sets or 'unknown'}; {packages}; load of the machine when it began: "
        f"{found['load']:.1f}.\n"
    )


def _value(row: Mapping, value: float) -> str:
    unit = row["goal"]["unit"]
    return f"{value:.2f} {unit}" if unit else f"{value:.2f}x"


def _goal(row: Mapping) -> str:
    goal = row["goal"]
    sign = ">=" if goal["at_least"] else "<="
    return f"{sign} {goal['value']:g}" + (f" {goal['unit']}" if goal["unit"] else "x")


def _reached(reached: bool | None) -> str:
    return {True: "yes", False: "no", None: "not asked of this machine"}[reached]


def _factor(factor: float | None) -> str:
    return "not measured" if factor is None else f"{factor:.2f}x"

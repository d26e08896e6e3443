"""Write docs/performance.md from what the benchmarks found."""

from collections.abc import Mapping, Sequence

from replication.store.numbers import NOT_MEASURED, write_or_absent
from replication.store.tables import lay_out_table

HEAD = """# Performance

How fast this code is and how much memory it takes, beside others and beside what bounds it.

Written by `make bench` from `artifacts/baselines/benchmarks.json`; not to be edited by hand.

Every ratio is between two sides of one process on one machine, called in turn, each the median of at
least five calls. The criteria are these ratios and the few limits that name a unit; the seconds
below are for the eye alone. Rows of one benchmark are of one run; `--again` runs one of them anew and
keeps the others' rows. A column is what one machine found, with the code of its day; `make bench`
writes that of the machine it runs on, and keeps the others'.

The published loop and k-Same take longer in one process than in another, all their rounds alike. A
row with such a side is measured in several processes and shown by the one with the median ratio, with
the least and the largest ratio after it; an older column is of one process.
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
- **Many GPUs**: one is used; networks for 64x64 images don't need more.

## What bfloat16 costs

The same five seeds trained in float32 and in bfloat16, seed by seed: [bfloat16](bfloat16.md), written
by `make bfloat16` (an hour and a half).
"""


def to_markdown(found: Mapping) -> str:
    """Return the page of the content of benchmarks.json."""
    machines: Sequence[Mapping] = found["machines"]
    parts = [HEAD, *([QUICK] if any(machine["quick"] for machine in machines) else [])]
    parts += ["## Machines\n", *map(_name_machine, machines), ""]
    parts += ["## Ratios\n", *_compare_machines(machines), ""]
    for machine in machines:
        parts += _describe_rows(machine["rows"], machine["machine"]["name"])
    return "\n".join([*parts, PAST_ONE_MACHINE])


def _name_machine(machine: Mapping) -> str:
    facts = machine["machine"]
    sets = ", ".join(facts["instruction_sets"])
    blas = "; ".join(facts.get("blas", ["unknown"]))
    packages = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return (
        f"- **{facts['name']}**, {facts['memory_gib']} GiB; "
        f"instruction sets {sets or 'unknown'}; {packages}; linear algebra: {blas}; load when it "
        f"began: {machine['load']:.1f}."
    )


def _compare_machines(machines: Sequence[Mapping]) -> list[str]:
    """Return the table of all rows, those of the first machine first, a column for each machine."""
    found = [{row["what"]: row for row in machine["rows"]} for machine in machines]
    rows = {what: row for rows in reversed(found) for what, row in rows.items()}
    names = (machine["machine"]["name"] for machine in machines)
    cells = [
        (
            what,
            rows[what]["beside"],
            _write_goal(rows[what]["goal"]),
            *(_write_measured(by_what.get(what)) for by_what in found),
        )
        for what in dict.fromkeys(what for by_what in found for what in by_what)
    ]
    return lay_out_table(("what", "beside", "to reach", *names), cells, words=3)


def _describe_rows(rows: Sequence[Mapping], name: str) -> list[str]:
    """Return the lines of what bounds a machine's rows, and their seconds."""
    bounds = [
        (row["what"], row["bound"], write_or_absent(row["from_bound"], "{:.2f}x".format))
        for row in rows
    ]
    seconds = [
        (row["what"], ", ".join(f"{side} {value:.4g}" for side, value in row["seconds"].items()))
        for row in rows
        if row["seconds"]
    ]
    return [
        f"## What bounds them: {name}\n",
        *lay_out_table(("what", "bounded by", "from the bound"), bounds, words=2),
        BOUND_NOTE,
        f"## Seconds, never judged: {name}\n",
        *lay_out_table(("what", "seconds"), seconds, words=2),
        "",
    ]


def _write_measured(row: Mapping | None) -> str:
    if row is None:
        return NOT_MEASURED
    reached = {True: "yes", False: "**no**", None: "no criterion"}[row["reached"]]
    values = row.get("processes", [])
    spread = f" ({values[0]:.2f} to {values[-1]:.2f})" if len(values) > 1 else ""
    return f"{row['measured']:.2f}{_write_unit(row['goal'])}{spread}: {reached}"


def _write_goal(goal: Mapping) -> str:
    return f"{'>=' if goal['at_least'] else '<='} {goal['value']:g}{_write_unit(goal)}"


def _write_unit(goal: Mapping) -> str:
    return f" {goal['unit']}" if goal["unit"] else "x"

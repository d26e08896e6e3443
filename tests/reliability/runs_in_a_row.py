"""So many tiny runs in a row in one process; after each, a line of JSON has its table and what the
process holds.
"""

import ctypes
import gc
import json
import sys
from pathlib import Path

import psutil
from click.testing import CliRunner
from tiny_run import make_tiny


def measure_process() -> dict[str, int]:
    """Return what this process holds of the machine."""
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)  # pages that are free, and kept by the allocator
    process = psutil.Process()
    return {
        "memory_mib": process.memory_info().rss // 2**20,
        "descriptors": process.num_fds(),
        "children": len(process.children(recursive=True)),
    }


def main() -> None:
    """Run as often as the first argument says, with the words of cli.py in the others."""
    import cli

    make_tiny()
    runs, words = int(sys.argv[1]), sys.argv[2:]
    for number in range(runs):
        result = CliRunner().invoke(cli.cli, [*words, "--run", f"run-{number}"])
        if result.exit_code:
            sys.exit(result.output)
        table = Path(f"artifacts/runs/run-{number}/06_evaluated/table1.json").read_text()
        sys.stdout.write(json.dumps({"table": table} | measure_process()) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

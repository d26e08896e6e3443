"""So many tiny runs in a row in one process; after each, a line of JSON has its table."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from click.testing import CliRunner
from tiny_run import make_tiny


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
        sys.stdout.write(json.dumps({"table": table}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

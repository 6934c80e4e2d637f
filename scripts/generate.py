"""Write every generated file of the repository, or with --check only compare: `make generated`."""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts import gen_client, rfc_table, unasync  # noqa: E402
from scripts.generators import Generator, run  # noqa: E402

# The one list. Order matters where one generator reads what another writes.
GENERATORS: list[Generator] = [
    gen_client.GENERATOR,
    unasync.GENERATOR,
    rfc_table.GENERATOR,
]


def main() -> int:
    """The command line: exit 0 when every file is as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a file differs")
    arguments = parser.parse_args()
    try:
        return run(GENERATORS, ROOT, arguments.check)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())

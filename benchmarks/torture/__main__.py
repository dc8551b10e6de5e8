"""``python -m benchmarks.torture [--quick] [NAME ...]``: all experiments, or these."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from benchmarks.torture.shim import preload


def main() -> int:
    """Run them, rewrite docs/reliability.md; 1 where there was a fault."""
    parser = argparse.ArgumentParser(prog="benchmarks.torture", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="experiments (all)")
    parser.add_argument("--quick", action="store_true", help="the short forms")
    parser.add_argument("--smoke", action="store_true", help="a few points of each")
    parser.add_argument("--json", action="store_true", help="print what was counted as JSON")
    parser.add_argument("--dry", action="store_true", help="print, and leave the page as it is")
    parser.add_argument("--place", type=Path, help="where to work (a temporary folder)")
    options = parser.parse_args()
    folder = preload(options.place)
    try:
        from benchmarks.torture.all import run_all
        from benchmarks.torture.experiment import Size

        size = Size.smoke if options.smoke else Size.quick if options.quick else Size.full
        return run_all(options.names, folder, size, dry=options.dry, as_json=options.json)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())

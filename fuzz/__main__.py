"""`python -m fuzz`: run every target for a while; an input that breaks the invariant is saved, printed, and makes exit code 1.

python -m fuzz --seconds 60 --seed 7 --target message
python -m fuzz --target message --input fuzz/found/message-….bin     one saved input again
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
import traceback
from pathlib import Path
from random import Random

from fuzz.mutate import mutated
from fuzz.targets import TARGETS, Target

FOUND = Path(__file__).with_name("found")
SLOW = 2.0
"""Seconds that no input of some kilobytes may take."""


class TooSlow(Exception):
    """An input that took long for its size: time that grows faster than the input is a finding as well."""


def attempt(target: Target, data: bytes) -> Exception | None:
    """Run one input; what broke the invariant, if anything."""
    started = time.perf_counter()
    try:
        target.run(data)
    except Exception as error:  # every exception that is no documented outcome is what fuzzing looks for
        return error
    taken = time.perf_counter() - started
    return TooSlow(f"{taken:.1f} s for {len(data)} octets") if taken > SLOW else None


def report(target: Target, data: bytes, error: Exception) -> Path:
    """Save and print an input that was found."""
    FOUND.mkdir(exist_ok=True)
    path = FOUND / f"{target.name}-{hashlib.sha256(data).hexdigest()[:12]}.bin"
    path.write_bytes(data)
    shown = repr(data) if len(data) <= 600 else f"{data[:600]!r}… ({len(data)} octets)"
    print(f"\n{target.name}: {path}\n  {shown}", flush=True)
    traceback.print_exception(error, limit=-6, file=sys.stdout)
    return path


def place_of(error: Exception) -> tuple[str, int, str]:
    """Where it was raised: the same place is reported once."""
    frames = traceback.extract_tb(error.__traceback__)
    last = frames[-1] if frames else None
    return (last.filename, last.lineno or 0, type(error).__name__) if last else ("", 0, type(error).__name__)


def fuzz(target: Target, seed: int, seconds: float, runs: int | None = None) -> int:
    """Mutate and run until the time is over or ``runs`` are done; the number of different findings."""
    rng = Random(f"{seed} {target.name}")
    seeds = target.seeds()
    end = time.monotonic() + seconds
    places: set[tuple[str, int, str]] = set()
    done = 0
    for data in seeds:
        if (error := attempt(target, data)) and place_of(error) not in places:
            places.add(place_of(error))
            report(target, data, error)
    while (done < runs) if runs is not None else (time.monotonic() < end):
        data = mutated(rng, seeds, target.most)
        done += 1
        if (error := attempt(target, data)) and place_of(error) not in places:
            places.add(place_of(error))
            report(target, data, error)
    print(f"{target.name:10} {done:8} inputs  {len(places)} findings", flush=True)
    return len(places)


def main() -> int:
    """Exit 1 when anything was found."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=70.0, help="for all targets together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", choices=[target.name for target in TARGETS], action="append")
    parser.add_argument(
        "--runs", type=int, help="inputs for each target, in place of --seconds (the same ones each time)"
    )
    parser.add_argument("--input", type=Path, help="run one saved input and show what it does")
    options = parser.parse_args()
    chosen = [target for target in TARGETS if not options.target or target.name in options.target]
    if options.input:
        if len(chosen) != 1:
            parser.error("--input needs one --target")
        chosen[0].run(options.input.read_bytes())
        return 0
    found = [fuzz(target, options.seed, options.seconds / len(chosen), options.runs) for target in chosen]
    return 1 if any(found) else 0


if __name__ == "__main__":
    sys.exit(main())

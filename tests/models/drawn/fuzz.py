"""`make fuzz`: draw models until Ctrl+C, or for FUZZ_SECONDS."""

from __future__ import annotations

import os
import random
import sys
import time

from tests.models.drawn.drawing import keep_promise
from tests.models.drawn.promise import Tally

__all__ = ["fuzz"]

_ROUND = 100


def fuzz(seconds: float) -> Tally:
    """Rounds with a new seed each, as long as there is time; what was checked."""
    end = time.monotonic() + seconds
    tally = Tally()
    try:
        while time.monotonic() < end:
            start = random.SystemRandom().getrandbits(32)
            sys.stdout.write(f"seed {start}: ")
            sys.stdout.flush()
            tally += keep_promise(_ROUND, start)
            sys.stdout.write(f"{tally}\n")
    except KeyboardInterrupt:
        sys.stdout.write(f"stopped\n{tally}\n")
    return tally


if __name__ == "__main__":
    fuzz(float(os.environ.get("FUZZ_SECONDS", "inf")))

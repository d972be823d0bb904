"""The source of the marshmallow that is installed, tests included; pip fetches it."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path

from tests import needs

__all__ = ["marshmallow_source"]


def marshmallow_source(cache: Path) -> Path:
    """The folder of the sdist, from the cache or fetched into it.

    Skips the test that asks where it cannot be fetched; in CI it fails.
    """
    name = f"marshmallow-{version('marshmallow')}"
    source = cache / name
    if not source.is_dir():
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            _fetch(name.replace("-", "=="), Path(folder))
            for archive in Path(folder).glob("*.tar.gz"):
                with tarfile.open(archive) as packed:
                    packed.extractall(folder, filter="data")
            try:
                (Path(folder) / name).rename(source)  # at once: others may be fetching it, too
            except OSError:
                if not source.is_dir():
                    raise
    return source


def _fetch(requirement: str, folder: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--dest",
        str(folder),
    ]
    fetched = subprocess.run(
        [*command, "--no-binary", "marshmallow", requirement],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if fetched.returncode:
        last = (fetched.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        needs.missing(f"pip cannot fetch the source of {requirement}: {last}")

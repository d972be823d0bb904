"""Programs out of npm's packages, in versions that a package.json pins."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.needs import missing, program

_OPTIONS = ("--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts")


def installed(source: Path, folder: Path) -> Path:
    """A copy of `source`, with the packages that its package.json names, as `folder`."""
    npm = program("npm")
    shutil.copytree(source, folder)
    done = subprocess.run([npm, "install", *_OPTIONS], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        missing(f"npm cannot install what {source.name} needs: {done.stderr.strip()[-300:]}")
    return folder


def run(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """What a program of the packages in `folder` says there."""
    words = [str(folder / "node_modules" / ".bin" / command[0]), *command[1:]]
    return subprocess.run(
        words, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True
    )

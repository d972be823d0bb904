"""Looks for known mistakes in the code, and for known vulnerabilities in what is installed.

bandit has to find nothing: a line that it takes for a mistake says beside ``nosec`` why it is none.
pip-audit asks a database of vulnerabilities. Where that cannot be reached it is skipped, and that
is said as loudly as a vulnerability would be.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

#: The suites in openrest.testing are tests, which assert.
_BANDIT: Final = (
    ("-r", "openrest", "-x", "openrest/testing"),
    ("-r", "openrest/testing", "-s", "B101"),
)
#: bandit says this of each part of a line that has other parts without a mistake.
_NOISE: Final = "but no failed test on"


class Outcome(NamedTuple):
    """What was found, a line each, and what could not be looked at."""

    found: list[str]
    skipped: str = ""


def bandit() -> Outcome:
    """What bandit finds in the package."""
    found = []
    for options in _BANDIT:
        ran = _run("bandit", "-q", *options)
        lines = [*ran.stdout.splitlines(), *ran.stderr.splitlines()]
        found += [line for line in lines if line.strip() and _NOISE not in line]
        if ran.returncode and not found:
            found.append(f"bandit ended with {ran.returncode}")
    return Outcome(found)


def pip_audit() -> Outcome:
    """What is known of the packages that are installed here."""
    ran = _run("pip_audit", "--format", "json", "--progress-spinner", "off", "--skip-editable")
    try:
        packages = json.loads(ran.stdout)["dependencies"]
    except ValueError:
        last = (ran.stderr.strip().splitlines() or ["it said nothing"])[-1]
        return Outcome([], f"its database cannot be reached: {last:.200}")
    return judged(packages)


def judged(packages: Sequence[dict[str, Any]]) -> Outcome:
    """What an audit says that was answered: of each package its vulnerabilities, or why not."""
    known = [package for package in packages if "skip_reason" not in package]
    if not known:
        return Outcome([], f"its database knows none of the {len(packages)} packages: a mirror?")
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    left_out = f"it does not know {', '.join(unknown)}" if unknown else ""
    return Outcome(
        [
            f"{package['name']} {package['version']}: {each['id']}, mended in "
            f"{', '.join(each['fix_versions']) or 'no version yet'}"
            for package in known
            for each in package["vulns"]
        ],
        left_out,
    )


def _run(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def main() -> int:
    """Print what each of them finds; 1 where it is anything."""
    failed = False
    for name, look in (("bandit", bandit), ("pip-audit", pip_audit)):
        found, skipped = look()
        failed = failed or bool(found)
        for line in found:
            print(f"{name}: {line}")  # noqa: T201
        said = f"SKIPPED, {skipped}" if skipped else f"{len(found)} lines" if found else "clean"
        print(f"{name}: {said}")  # noqa: T201
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

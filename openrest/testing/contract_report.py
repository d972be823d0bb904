"""What a run of `check_contract` has found, told so that a person can act on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["ContractBroken", "ContractReport", "Finding"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One place where an API and its document differ.

    `check` is the name of the check that found it, `operation` such as ``GET /tweets/{id}``,
    `request` a curl command, and `answer` the response; both are empty where there is none.
    """

    check: str
    operation: str
    message: str
    request: str = ""
    answer: str = ""

    def __str__(self) -> str:
        parts = [f"{self.operation}: {self.check}", self.message.strip(), self.request, self.answer]
        return "\n".join(filter(None, parts)).replace("\n", "\n    ")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractReport:
    """What a run has found, and what it has seen.

    `seed` repeats the run. `answers` counts the statuses of each documented operation.
    """

    seed: int
    findings: tuple[Finding, ...] = ()
    answers: Mapping[str, Mapping[int, int]] = field(default_factory=dict)

    @property
    def requests(self) -> int:
        """How many requests the documented operations have answered."""
        return sum(sum(statuses.values()) for statuses in self.answers.values())

    def __str__(self) -> str:
        what = f"{len(self.findings)} differences" if len(self.findings) != 1 else "1 difference"
        head = (
            f"{what} between the API and its document in {self.requests} requests to "
            f"{len(self.answers)} operations; seed={self.seed} repeats them."
        )
        return "\n\n".join([head, *map(str, self.findings)])


class ContractBroken(AssertionError):
    """An API and its document differ; `report` says where."""

    def __init__(self, report: ContractReport) -> None:
        super().__init__(str(report))
        self.report = report

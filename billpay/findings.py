"""What a comparison has found so far: what differs, what is on its way, and how much of the balance that explains."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from billpay.domain.reconciliation import Difference, DifferenceKind, InMotion

_TOLD = 200
"""Things of one kind that a report names one by one; of the rest it says how many they are."""


@dataclass(kw_only=True)
class Findings:
    """Everything that was found, and the ledger of the journal's opening."""

    opened: int
    differences: list[Difference] = field(default_factory=list)
    in_motion: list[InMotion] = field(default_factory=list)
    correction: int = 0
    """By how much movements that differ explain the balance: the ledger's word, less ours."""

    on_the_way: int = 0
    """Of that, what our records are about to learn."""

    def differs(
        self,
        kind: DifferenceKind,
        about: str,
        detail: str,
        explains: tuple[int, int] | None = None,
    ) -> None:
        """Note a difference, and the amount and ledger of the movement that it explains in the balance."""
        self.differences.append(Difference(kind=kind, about=about, detail=detail))
        if explains is not None:
            self.explain(*explains)

    def explain(self, amount: int, ledger: int) -> None:
        """Take the ledger's word on a movement; up to the opening it is inside the opening's amount."""
        if ledger > self.opened:
            self.correction += amount

    def comes(self, amount: int, ledger: int) -> None:
        """Take the ledger's word on a movement that our records are about to learn."""
        self.explain(amount, ledger)
        if ledger > self.opened:
            self.on_the_way += amount

    def moves(self, about: str, detail: str) -> None:
        """Note what is on its way."""
        self.in_motion.append(InMotion(about=about, detail=detail))


def bounded(moving: Sequence[InMotion]) -> tuple[InMotion, ...]:
    """Name so many, and say how many more there are."""
    if len(moving) <= _TOLD:
        return tuple(moving)
    rest = InMotion(about="the rest", detail=f"{len(moving) - _TOLD} more")
    return (*moving[:_TOLD], rest)

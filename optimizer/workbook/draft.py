# SPDX-License-Identifier: Apache-2.0
"""A workbook being put together: sheets, inputs, decisions and the run's own figures.

What does not belong here: what any sheet says.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from optimizer.workbook.lines import Scalar, Series
from optimizer.workbook.sheets import Sheet

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.ledger import Ledger
    from models.plan import Plan
    from models.statements import Statements
    from models.study import Study
    from optimizer.workbook.inputs import Inputs
    from optimizer.workbook.lines import Style

__all__ = ["Draft", "Tie"]


@dataclass(frozen=True, slots=True)
class Tie:
    """A line of the workbook and the engine's figures for it.

    Parameters
    ----------
    name : str
        What is compared.
    line : Series
        Line of the workbook.
    engine : ndarray of shape (n_periods,)
        The engine's figures. [mixed]
    """

    name: str
    line: Series
    engine: FloatArray


@dataclass
class Draft:
    """Everything that the builders of sheets share.

    Parameters
    ----------
    study : Study
        Study of the run.
    plan : Plan
        Decisions.
    ledger : Ledger
        What the engine says of the plan on the base path. [mixed]
    inputs : Inputs
        Numbers of the study.
    accounts : Statements or None
        Statements of the engine, to compare with. [USD]
    """

    study: Study
    plan: Plan
    ledger: Ledger
    inputs: Inputs
    decisions: Sheet = field(
        default_factory=lambda: Sheet("Plan", "The plan: decisions of the solver")
    )
    accounts: Statements | None = None
    ties: list[Tie] = field(default_factory=list)

    @property
    def n_periods(self) -> int:
        """Months of the horizon."""
        return self.study.time.months

    @property
    def gpu_ids(self) -> set[str]:
        """GPU families that the plan holds, orders or leases."""
        leases = {offer.id: offer.gpu for offer in self.study.gpu_offers}
        named = {held.model for held in self.plan.holdings}
        named |= {order.model for order in self.plan.orders}
        named |= {
            leases[taken.offer] for taken in self.plan.offers if taken.offer in leases
        }
        return named & {gpu.id for gpu in self.study.gpus}

    def decided(
        self, label: str, unit: str, values: FloatArray, style: Style = "integer"
    ) -> Series:
        """Put a monthly decision on the sheet of the plan.

        Parameters
        ----------
        label, unit : str
            Words of the line.
        values : ndarray of shape (n_periods,)
            What the solver decided. [`unit`]
        style : str
            How it is shown.
        """
        line = Series(
            label, unit, given=values, style=style, role="solver", total=False
        )
        return self.decisions.series(line)

    def decided_once(self, label: str, unit: str, value: float) -> Scalar:
        """Put a decision with one number on the sheet of the plan."""
        line = Scalar(label, unit, given=value, style="integer", role="solver")
        return self.decisions.scalar(line)

    def tie(self, name: str, line: Series, engine: FloatArray) -> None:
        """Note what the engine says of a line, shape (n_periods,)."""
        self.ties.append(Tie(name, line, engine))

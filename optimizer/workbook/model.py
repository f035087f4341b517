# SPDX-License-Identifier: Apache-2.0
"""The workbook of a plan as lines: every sheet with a time axis, and the inputs.

What does not belong here: formats and the file (`write`), words (`texts`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.market import base_paths
from models.statements import financial_statements
from optimizer.workbook.books import books
from optimizer.workbook.checks import Checks, checks
from optimizer.workbook.company import Company, company
from optimizer.workbook.contracts import add_contracts
from optimizer.workbook.draft import Draft
from optimizer.workbook.inputs import Inputs
from optimizer.workbook.machines import add_machines
from optimizer.workbook.market import Market, market
from optimizer.workbook.nodes import add_nodes
from optimizer.workbook.outputs import Outputs, outputs
from optimizer.workbook.plant import add_plant
from optimizer.workbook.segments import Segments, segments
from optimizer.workbook.site import site_sheet
from optimizer.workbook.site_ledger import SiteLedger, add_ledger
from optimizer.workbook.statements import Statements, statements
from optimizer.workbook.tax import TaxSheet
from optimizer.workbook.timeline import Timeline, timeline
from optimizer.workbook.values import Values, work_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from models.ledger import Ledger
    from models.plan import Plan
    from models.study import Study
    from optimizer.workbook.sheets import Sheet
    from sites import InputNumber

__all__ = ["Model", "build_model"]


@dataclass(slots=True)
class Model:
    """Every line of a workbook.

    Parameters
    ----------
    draft : Draft
        Study, plan, inputs, decisions and what the engine says.
    time, market, sites, company, outputs, statements, segments, checks
        Lines by sheet.
    sheets : list of Sheet
        Sheets in the order of the tabs, rows given out.
    """

    draft: Draft
    time: Timeline
    market: Market
    sites: list[SiteLedger]
    company: Company
    outputs: Outputs
    statements: Statements
    segments: Segments
    checks: Checks
    sheets: list[Sheet]

    @property
    def assumed_loan_terms(self) -> list[str]:
        """Terms of the loan and of debt that nobody published, as labels."""
        inputs = self.draft.inputs
        return [
            line.label
            for key, line in inputs.lines.items()
            if key.startswith(("company.loan.", "company.debt_facilities."))
            and key in inputs.origin
            and inputs.origin[key].is_assumption
        ]

    @property
    def notes(self) -> dict[str, str]:
        """Words under the title of a sheet, by its name."""
        notes = {
            "Plan": "Decided by the solver; everything else follows from these.",
            "Checks": "Figures of the run are compared while no input is changed.",
        }
        if self.assumed_loan_terms:
            terms = ", ".join(self.assumed_loan_terms)
            notes["Treasury"] = notes["Outputs"] = f"Assumed, not published: {terms}."
        return notes

    def values(self, changes: Mapping[str, float] | None = None) -> Values:
        """Return what every cell shows.

        Parameters
        ----------
        changes : mapping of str to float, optional
            Inputs by key that differ from the run's. [mixed]
        """
        changed = {
            self.draft.inputs.lines[key]: value
            for key, value in (changes or {}).items()
        }
        return work_out(self.sheets, self.draft.n_periods, changed)


def build_model(
    study: Study, plan: Plan, ledger: Ledger, provenance: Iterable[InputNumber] = ()
) -> Model:
    """Return the workbook of a plan as lines.

    Parameters
    ----------
    study : Study
        Study of the run.
    plan : Plan
        Decisions.
    ledger : Ledger
        What the engine says of the plan on the base path, shape (1, ...). [mixed]
    provenance : iterable of InputNumber
        Where the study's numbers come from.
    """
    draft = Draft(study, plan, ledger, Inputs(study, provenance))
    draft.accounts = financial_statements(study, plan, base_paths(study), ledger)
    time = timeline(draft)
    prices = market(draft, time)
    taxes = TaxSheet(draft, time)
    ledgers = []
    for site in study.sites:
        place = site_sheet(draft, time, prices, site)
        for add in (add_machines, add_nodes, add_contracts, add_plant):
            add(place)
        ledgers.append(add_ledger(place, taxes))
    made = company(draft, time, prices, ledgers, taxes)
    results = outputs(draft, time, prices, ledgers, made, taxes)
    values = books(draft, time, ledgers, results)
    stated = statements(draft, prices, ledgers, made, results, values)
    parts = segments(ledgers, made, stated, values)
    checked = checks(draft, ledgers, made, results, stated, parts)
    sheets = [
        draft.inputs.sheet(),
        draft.decisions,
        time.sheet,
        prices.sheet,
        *(one.place.sheet for one in ledgers),
        made.sheet,
        taxes.sheet,
        values.sheet,
        stated.sheet,
        parts.sheet,
        results.sheet,
        checked.sheet,
    ]
    for sheet in sheets:
        sheet.place()
    return Model(
        draft, time, prices, ledgers, made, results, stated, parts, checked, sheets
    )

# SPDX-License-Identifier: Apache-2.0
"""Treasury policies side by side, for the terminal; `plan` and `score` show it.

What does not belong here: what the rows and sentences say (`optimizer.policy_tables`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from optimizer.console import output_console, print_table

if TYPE_CHECKING:
    from optimizer.scoring import ScoredRun

__all__ = ["show_policies"]


def show_policies(scored: ScoredRun) -> None:
    """Print a row per policy and what the figures advise; nothing without any."""
    from optimizer.policies import MAX_SCENARIOS
    from optimizer.policy_tables import POLICY_HEADINGS, POLICY_UNITS, policy_rows

    if not scored.policies:
        return
    n_scenarios = min(scored.result.n_scenarios, MAX_SCENARIOS)
    title = f"Treasury policies on the same {n_scenarios:,} scenarios"
    print_table(POLICY_HEADINGS, policy_rows(scored.policies), title=title)
    for words in (POLICY_UNITS, *scored.policy_advice):
        output_console().print(words, markup=False)

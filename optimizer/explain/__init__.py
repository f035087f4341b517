# SPDX-License-Identifier: Apache-2.0
"""Why a plan is what it is: marginal values, why-nots, break-evens, contract extremes.

What does not belong here: planning itself (`optimizer.planning`) and showing
(`optimizer.report`).
"""

from __future__ import annotations

from optimizer.explain.explain import explain
from optimizer.explain.explanation import Explanation
from optimizer.explain.runs import explain_run, loan_terms_note, read_explanation

__all__ = [
    "Explanation",
    "explain",
    "explain_run",
    "loan_terms_note",
    "read_explanation",
]

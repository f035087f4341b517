# SPDX-License-Identifier: Apache-2.0
"""What a plan is asked: sites not built, expansion not used, lines not taken up.

Each question names the least use that answers it and the prices that may turn it. How
it is answered stands in `forcing` and `breakeven`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from models.capacity import LINES, usage
from optimizer.milp.candidates import candidates_of
from optimizer.milp.options import ModelOptions

if TYPE_CHECKING:
    from models.plan import Plan
    from models.site import Phase, Site
    from models.study import Study
    from optimizer.milp.candidates import Candidates

__all__ = ["USE_MONTHS", "Question", "questions_of"]

USE_MONTHS: Final = 12
"""Months for which the least use counts. [months]"""

_KINDS: Final = {"self_mining": ("air", "hydro"), "gpu_leasing": ("hpc",)}


@dataclass(frozen=True, slots=True)
class Question:
    """Something that a plan does not do.

    Parameters
    ----------
    id : str
        ``site:oman``, ``expansion:georgia``, ``line:gpu_leasing`` or
        ``line:self_mining@georgia``.
    kind : str
        ``site``, ``expansion`` or ``line``.
    title : str
        For people.
    site, line, phase : str
        What it is about; empty where it does not matter.
    least : float
        Least use that counts as chosen. [`unit`]
    unit : str
        ``MW-months``, or ``MW`` of phases for an expansion.
    drivers : tuple of str
        Prices that may turn it, in the order of search; see
        `optimizer.explain.drivers`.
    is_detail : bool
        Whether a wider question covers it; such questions come last.
    """

    id: str
    kind: str
    title: str
    site: str = ""
    line: str = ""
    phase: str = ""
    least: float = 0.0
    unit: str = "MW-months"
    drivers: tuple[str, ...] = ()
    is_detail: bool = False

    @property
    def key(self) -> tuple[str, ...]:
        """Key of its MW-months in `optimizer.milp.sums.Sums.line_mw_months`."""
        if self.kind == "site":
            return ("site", self.site)
        return ("new", self.site or "line", self.line)

    def options(self) -> ModelOptions:
        """Return the options under which a solve must choose it."""
        return ModelOptions(
            label=f"forced {self.id}",
            forced_site=self.site or None,
            forced_line=self.line or None,
            forced_phase=self.phase or None,
            forced_new=bool(self.line),
            forced_mw_months=0.0 if self.phase else self.least,
        )

    @classmethod
    def from_dict(cls, entry: dict[str, Any]) -> Question:
        """Return a question read back from JSON."""
        return cls(**{**entry, "drivers": tuple(entry["drivers"])})


def questions_of(study: Study, plan: Plan) -> tuple[Question, ...]:
    """Return what a plan leaves undone, the widest questions first.

    Parameters
    ----------
    study : Study
        Study.
    plan : Plan
        Its plan.

    Returns
    -------
    tuple of Question
        Discretionary sites without any use; lines that take on nothing new (no machine
        ordered, no offer accepted); the smallest phase left at each site that stands;
        lines that take on nothing new at such a site.

    Notes
    -----
    Least use, all for `USE_MONTHS`: a site its smallest phase (or module of space),
    mining and GPU leasing one module of the space they need, hosting the smallest offer
    (or its term, if shorter). An expansion counts when its phase is built; when forced
    it must also be used, see `optimizer.milp.forced`.
    """
    candidates = candidates_of(study, ModelOptions())
    used = usage(study, plan).by_line_mw
    standing = [
        site
        for index, site in enumerate(study.sites)
        if not site.is_discretionary or used[index].any()
    ]
    absent = [site for site in study.sites if site not in standing]
    taken = _newly_used(study, plan)
    lines = [line for line in LINES if _places(study, candidates, line)]
    return (
        *(_site_question(study, candidates, site) for site in absent),
        *(
            _line_question(study, candidates, line)
            for line in lines
            if not any(used_line == line for _, used_line in taken)
        ),
        *(
            _expansion_question(study, candidates, site, phase)
            for site in standing
            if (phase := _phase_left(candidates, plan, site)) is not None
        ),
        *(
            _line_question(study, candidates, line, site)
            for site in standing
            for line in lines
            if site.id in _places(study, candidates, line)
            and (site.id, line) not in taken
        ),
    )


def _newly_used(study: Study, plan: Plan) -> set[tuple[str, str]]:
    """Return (site, line) in which a plan takes on anything that uses power."""
    gpus = {gpu.id for gpu in study.gpus}
    taken = {
        (order.site, "gpu_leasing" if order.model in gpus else "self_mining")
        for order in plan.orders
    }
    offers = {o.id: o for o in study.hosting_offers if not o.is_committed}
    taken |= {
        (offers[t.offer].site, "hosting") for t in plan.offers if t.offer in offers
    }
    return taken


def _places(study: Study, candidates: Candidates, line: str) -> list[str]:
    """Return sites at which a line could take on something new."""
    if line == "hosting":
        return [o.site for o in study.hosting_offers if not o.is_committed]
    is_gpu = line == "gpu_leasing"
    return [c.site.id for c in candidates.orders if c.is_gpu == is_gpu]


def _phase_left(candidates: Candidates, plan: Plan, site: Site) -> Phase | None:
    """Return the smallest phase that could be started and is not."""
    started = {(start.site, start.phase) for start in plan.phases}
    left = [
        phase
        for phase in site.phases
        if (site.id, phase.id) not in started
        and (site.id, phase.id) in candidates.phase_starts
    ]
    return min(left, key=lambda p: (p.mw, p.earliest_month), default=None)


def _module_mw(sites: list[Site], kinds: tuple[str, ...]) -> float | None:
    """Return the smallest module of space of given kinds that may be built [MW]."""
    modules = [
        shell.build.module_mw
        for site in sites
        for shell in site.shells
        if shell.build is not None and shell.kind in kinds
    ]
    modules += [
        work.module_mw
        for site in sites
        for work in site.conversions
        if work.to_kind in kinds
    ]
    return min(modules, default=None)


def _site_question(study: Study, candidates: Candidates, site: Site) -> Question:
    phases = [phase.mw for phase in site.phases]
    module = _module_mw([site], ("air", "hydro", "hpc"))
    smallest = min(phases, default=module or max(site.contracted_mw / 10.0, 0.1))
    return Question(
        id=f"site:{site.id}",
        kind="site",
        title=f"{site.name} is not built",
        site=site.id,
        least=smallest * USE_MONTHS,
        drivers=_site_drivers(study, candidates, site),
    )


def _expansion_question(
    study: Study, candidates: Candidates, site: Site, phase: Phase
) -> Question:
    return Question(
        id=f"expansion:{site.id}",
        kind="expansion",
        title=f"{site.name} is not expanded by {phase.mw:g} MW ({phase.id})",
        site=site.id,
        phase=phase.id,
        least=phase.mw,
        unit="MW",
        drivers=_site_drivers(study, candidates, site),
    )


def _site_drivers(study: Study, candidates: Candidates, site: Site) -> tuple[str, ...]:
    """Return the prices of every line that the site could take up, its own first."""
    mines = site.id in _places(study, candidates, "self_mining")
    hosts = site.id in _places(study, candidates, "hosting")
    leases = site.id in _places(study, candidates, "gpu_leasing")
    drivers = {
        f"power_price@{site.id}": mines or hosts or leases,
        f"hosting_rate@{site.id}": hosts,
        "btc_price": mines,
        "gpu_rent": leases,
    }
    return tuple(driver for driver, counts in drivers.items() if counts)


def _line_question(
    study: Study, candidates: Candidates, line: str, site: Site | None = None
) -> Question:
    where = "" if site is None else f"@{site.id}"
    drivers = {
        "self_mining": ("btc_price", f"power_price{where}"),
        "gpu_leasing": ("gpu_rent",),
        "hosting": (f"hosting_rate{where}",),
    }
    what = {
        "self_mining": "no mining machine is ordered",
        "gpu_leasing": "no GPU node is ordered",
        "hosting": "no hosting offer is accepted",
    }
    return Question(
        id=f"line:{line}{where}",
        kind="line",
        title=f"{'Company' if site is None else site.name}: {what[line]}",
        site="" if site is None else site.id,
        line=line,
        least=_line_least(study, candidates, line, site),
        drivers=drivers[line],
        is_detail=site is not None,
    )


def _line_least(
    study: Study, candidates: Candidates, line: str, site: Site | None
) -> float:
    """Return the least use of a line in MW-months."""
    if line == "hosting":
        return min(
            offer.mw * min(USE_MONTHS, offer.term_months)
            for offer in study.hosting_offers
            if not offer.is_committed and (site is None or offer.site == site.id)
        )
    # One module anywhere, so that a site and the company are asked for the same.
    module = _module_mw(list(study.sites), _KINDS[line])
    if module is None:
        is_gpu = line == "gpu_leasing"
        module = min(
            choice.unit_mw * choice.lot_units
            for choice in candidates.orders
            if choice.is_gpu == is_gpu
        )
    return module * USE_MONTHS

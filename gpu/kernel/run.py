# SPDX-License-Identifier: Apache-2.0
"""What Python calls: all lanes of a block, one group of `L` after the other."""

from __future__ import annotations

from gpu.kernel.compiled import Doubles, History, Integers, L, entry
from gpu.kernel.scenario import score_lanes


@entry
def score_rows(
    w: Doubles,
    s: Doubles,
    f: Doubles,
    q: Doubles,
    p: Doubles,
    c: Doubles,
    h: History,
    u: Integers,
    own: Integers,
    partner: Integers,
    mirrored: Integers,
    work: Doubles,
    answer: Doubles,
    ids: Integers,
    leading: Doubles,
    scales: Doubles,
    out: Doubles,
    levels: Doubles,
    events: Doubles,
    flows: Doubles,
    n_rows: int,
    data: Doubles,
    ints: Integers,
) -> None:
    """Score ``n_rows`` scenarios, a multiple of `L`; see `gpu.kernel.scenario`."""
    for group in range(n_rows // L):
        score_lanes(
            w,
            s,
            f,
            q,
            p,
            c,
            h,
            u,
            own,
            partner,
            mirrored,
            work,
            answer,
            ids,
            leading,
            scales,
            out,
            levels,
            events,
            flows,
            n_rows,
            group * L,
            data,
            ints,
        )

# SPDX-License-Identifier: Apache-2.0
"""What Python calls: all lanes of a block, one group of `L` after the other."""

from __future__ import annotations

from gpu.kernel.compiled import Doubles, Flags, History, Integers, L, entry
from gpu.kernel.intrinsics import pointer_to
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
    events: Flags,
    flows: Doubles,
    n_rows: int,
    data: Doubles,
    ints: Integers,
) -> None:
    """Score ``n_rows`` scenarios, a multiple of `L`; see `gpu.kernel.scenario`."""
    for group in range(n_rows // L):
        score_lanes(
            pointer_to(w),
            pointer_to(s),
            pointer_to(f),
            pointer_to(q),
            pointer_to(p),
            pointer_to(c),
            pointer_to(h),
            pointer_to(u),
            pointer_to(own),
            pointer_to(partner),
            pointer_to(mirrored),
            pointer_to(work),
            pointer_to(answer),
            pointer_to(ids),
            pointer_to(leading),
            pointer_to(scales),
            pointer_to(out),
            pointer_to(levels),
            pointer_to(events),
            pointer_to(flows),
            n_rows,
            group * L,
            pointer_to(data),
            pointer_to(ints),
        )

# SPDX-License-Identifier: Apache-2.0
"""Compiled weights are those of the definition."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_studies import tiny_study

from gpu.sampling import scenarios
from gpu.sampling import weights_cpu as sampling_weights_cpu
from gpu.sampling.rule import DrawRule

STUDY = tiny_study()
MONTHS = STUDY.time.months
TILT = tuple(-1.0 / (month + 1) for month in range(MONTHS))
SCATTERED = np.array([8191, 5, 4095, 4096, 2**61 + 7, 5])


@pytest.mark.parametrize(
    "rule",
    [
        DrawRule(7),
        DrawRule(7, "sobol"),
        DrawRule(7, "importance"),
        DrawRule(2**63 + 7, "importance", tilt=TILT),
        DrawRule(7, "importance", tilt=TILT, plain_every=64),
        DrawRule(7, "importance", tilt=TILT, swapped=("btc_price", "fees")),
        DrawRule(7, "importance", tilt=TILT, swapped=("network",)),
        DrawRule(7, "importance", tilt=(4.0,) * MONTHS),
        DrawRule(7, "importance", tilt=(-4.0,) * MONTHS),
    ],
)
@pytest.mark.parametrize("ids", [np.arange(4000, 4200), SCATTERED, SCATTERED[:0]])
def test_compiled_weights_are_the_defined_ones(rule: DrawRule, ids: np.ndarray) -> None:
    ours = sampling_weights_cpu.weights(STUDY, rule, ids)
    theirs = scenarios.weights(STUDY, rule, ids)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_a_row_does_not_depend_on_its_neighbours() -> None:
    rule = DrawRule(3, "importance", tilt=TILT)
    together = sampling_weights_cpu.weights(STUDY, rule, np.arange(200))
    for scenario in (0, 63, 64, 199):
        alone = sampling_weights_cpu.weights(STUDY, rule, np.array([scenario]))
        assert alone[0] == together[scenario]


@pytest.mark.parametrize("bad", [np.array([-1]), np.array([0.5]), np.array([2**63])])
def test_bad_ids_and_tilts_are_refused_alike(bad: np.ndarray) -> None:
    rule = DrawRule(3, "importance", tilt=TILT)
    with pytest.raises(ValueError, match="scenario_ids"):
        sampling_weights_cpu.weights(STUDY, rule, bad)
    short = DrawRule(3, "importance", tilt=TILT[1:])
    with pytest.raises(ValueError, match="one per month"):
        sampling_weights_cpu.weights(STUDY, short, SCATTERED)

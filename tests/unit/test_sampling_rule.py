# SPDX-License-Identifier: Apache-2.0
"""Draw rules as values: what they take, refuse, and look like in a file."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gpu.sampling.rule import GROUPS, DrawRule, as_rule, rule_from_json
from models.market_parameters import FACTORS

RULES = (
    DrawRule(1),
    DrawRule(2**64 - 1, "antithetic", swapped=("btc_price", "within_month")),
    DrawRule(3, "sobol"),
    DrawRule(4, "importance", tilt=(-1.25, 0.1 + 0.2), plain_every=8),
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.method)
def test_a_rule_comes_back_from_a_file_as_it_was(rule: DrawRule) -> None:
    read = rule_from_json(json.loads(json.dumps(rule.as_json())))
    assert read == rule
    assert hash(read) == hash(rule)


def test_rules_that_draw_differently_differ() -> None:
    assert len(set(RULES) | {DrawRule(1, plain_every=4), DrawRule(2)}) == 6


def test_a_seed_stands_for_plain_draws() -> None:
    assert as_rule(7) == DrawRule(7) == as_rule(DrawRule(7))
    assert isinstance(as_rule(np.uint64(2**63 + 5)).seed, int)


def test_swapped_groups_have_one_order() -> None:
    mixed = DrawRule(1, swapped=("within_month", "fees", "btc_price", "fees"))
    assert mixed.swapped == ("btc_price", "fees", "within_month")
    assert mixed == DrawRule(1, swapped=("btc_price", "fees", "within_month"))


def test_every_factor_is_a_group() -> None:
    assert GROUPS[: len(FACTORS)] == FACTORS
    assert len(set(GROUPS)) == len(GROUPS) == 12


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"seed": -1}, "seed = -1 must lie"),
        ({"seed": 2**64}, "must lie in 0 to"),
        ({"seed": 0.5}, r"seed = 0\.5 must be a whole number"),
        ({"seed": True}, "must be a whole number"),
        ({"method": "halton"}, "method = 'halton' must be one of"),
        ({"tilt": (0.1,)}, "tilt must be empty but for importance"),
        ({"method": "importance", "tilt": (float("nan"),)}, "tilt must have finite"),
        ({"method": "importance", "tilt": (-4.1,)}, "from -4 to 4"),
        ({"method": "importance", "plain_every": 3}, "plain_every = 3 must be a power"),
        ({"method": "importance", "plain_every": 1}, "from 2 to 4096"),
        ({"swapped": ("btc",)}, r"swapped has \['btc'\]"),
    ],
)
def test_a_rule_out_of_range_is_refused_by_name(
    fields: dict[str, object], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        DrawRule(**({"seed": 1} | fields))


def test_an_unknown_field_of_a_file_is_refused() -> None:
    with pytest.raises(TypeError, match="scramble"):
        rule_from_json({"seed": 1, "scramble": True})

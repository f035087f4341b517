# SPDX-License-Identifier: Apache-2.0
"""Several plans on the same futures: regret, wins, dominance."""

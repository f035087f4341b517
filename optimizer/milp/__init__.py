# SPDX-License-Identifier: Apache-2.0
"""The investment model: Pyomo blocks by topic, compiled to arrays for HiGHS."""

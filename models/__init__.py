# SPDX-License-Identifier: Apache-2.0
"""What things are and what they earn: schemas and pure economics on arrays.

Nothing here reads or writes files, and nothing imports Pyomo or CuPy.
"""

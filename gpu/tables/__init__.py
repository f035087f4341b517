# SPDX-License-Identifier: Apache-2.0
"""Study and plans as dense tables for the kernel, and its results as rows."""

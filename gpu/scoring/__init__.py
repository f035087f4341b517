# SPDX-License-Identifier: Apache-2.0
"""Scoring: chunks, threads, files, and when to stop."""

# SPDX-License-Identifier: Apache-2.0
"""Deciding, and everything a user touches: model, reports and commands."""

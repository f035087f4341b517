# SPDX-License-Identifier: Apache-2.0
"""One module per command: options in, one use case called, its result shown.

A command module imports nothing heavy at its top; `optimizer.cli` lists them. What does
not belong here: economics, solving, and the handling of errors.
"""

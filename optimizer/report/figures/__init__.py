# SPDX-License-Identifier: Apache-2.0
"""One module per figure: a pure function from results to an exhibit.

An exhibit carries its picture, the line that reads it and its data as a table. What
does not belong here: order and text of the page (`optimizer.report.sections`).
"""

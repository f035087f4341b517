# SPDX-License-Identifier: Apache-2.0
"""The monthly model once more, for compilers: stage functions over lanes of scenarios.

Numba compiles them for the CPU, `gpu.kernel.translate` writes them as C++ for the GPU.
Importing a module of this package imports Numba, which takes half a second; whoever
can do without imports it late. What does not belong here: tables and engines.
"""

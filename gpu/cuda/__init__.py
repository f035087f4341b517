# SPDX-License-Identifier: Apache-2.0
"""The kernel for GPUs: C++ that a CUDA compiler reads, and what it has to be told.

``prelude.cuh`` holds what the kernel's functions are made of, ``step.cuh`` the kernel
itself as `gpu.kernel.translate` writes it, ``score.cu`` the entry points. What does not
belong here: loading and running it (the engine), and the model itself (`gpu.kernel`).
"""

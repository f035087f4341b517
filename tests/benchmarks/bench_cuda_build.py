# SPDX-License-Identifier: Apache-2.0
"""What the real compiler makes of the kernel for an H100: nothing is run.

``python tests/benchmarks/bench_cuda_build.py [--arch sm_90]`` prints registers, spills,
stack and code of the scoring kernel by number of sites and plans and by how many blocks
must fit on a multiprocessor. It needs nvcc, and no GPU.
"""

from __future__ import annotations

import argparse
import re
import struct
import subprocess
import tempfile
import time
from pathlib import Path

from gpu.cuda.source import KernelSizes, compile_options, module_source

CASES = [
    KernelSizes(4, 2, 4, 1),
    KernelSizes(4, 2, 4, 1, blocks_per_sm=3),
    KernelSizes(4, 2, 4, 1, blocks_per_sm=2),
    KernelSizes(4, 8, 4, 1),
    KernelSizes(10, 2, 10, 2),
]
SPILLS = r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads"


def main() -> None:
    """Compile every case and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arch", default="sm_90")
    arch = parser.parse_args().arch
    print("| sites | plans | blocks | registers | stack | spills | code | seconds |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for sizes in CASES:
        print(line_of(sizes, arch))


def line_of(sizes: KernelSizes, arch: str) -> str:
    """Return a line of the table."""
    with tempfile.TemporaryDirectory() as name:
        source, made = Path(name) / "score.cu", Path(name) / "score.cubin"
        source.write_text(module_source(), encoding="utf-8")
        start = time.perf_counter()
        done = subprocess.run(
            [
                *("nvcc", f"-arch={arch}", "-cubin", "-Xptxas", "-v"),
                *compile_options(sizes),
                *("-o", str(made), str(source)),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        seconds = time.perf_counter() - start
        code_bytes = text_bytes(made.read_bytes())
    registers = re.search(r"Used (\d+) registers", done.stderr)
    spilled = re.search(SPILLS, done.stderr)
    assert registers is not None
    assert spilled is not None
    stack, stores, loads = spilled.groups()
    return (
        f"| {sizes.n_sites} | {sizes.n_plans} | {sizes.blocks_per_sm} "
        f"| {registers.group(1)} | {stack} B | {stores} B, {loads} B "
        f"| {code_bytes / 1024:.0f} KiB | {seconds:.0f} |"
    )


def text_bytes(image: bytes) -> int:
    """Length of the code sections of a 64-bit ELF image."""
    (offset,) = struct.unpack_from("<Q", image, 40)
    entry_bytes, n_sections = struct.unpack_from("<HH", image, 58)
    total = 0
    for k in range(n_sections):
        head = struct.unpack_from("<IIQQQQ", image, offset + k * entry_bytes)
        is_code = head[1] == 1 and head[2] & 4
        total += head[5] if is_code else 0
    return total


if __name__ == "__main__":
    main()

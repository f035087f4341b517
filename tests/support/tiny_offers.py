# SPDX-License-Identifier: Apache-2.0
"""Offers of the small made-up study."""

from __future__ import annotations

from models.offers import GpuLeaseOffer, HostingOffer


def hosting_offers() -> tuple[HostingOffer, ...]:
    return (
        HostingOffer(
            id="alpha_client",
            name="Miner client at Alpha",
            site="alpha",
            term_months=6,
            earliest_start="2025-12",
            latest_start="2025-12",
            is_committed=True,
            is_evergreen=True,
            shell="air",
            mw=2.0,
            rate_usd_per_mwh=75.0,
            take_or_pay_frac=0.8,
            load_frac=0.95,
            opex_frac_of_revenue=0.05,
        ),
        HostingOffer(
            id="alpha_tenant",
            name="HPC tenant at Alpha",
            site="alpha",
            term_months=120,
            earliest_start="2026-06",
            latest_start="2026-12",
            shell="hpc",
            mw=1.35,
            rent_usd_per_it_kw_month=110.0,
            take_or_pay_frac=1.0,
            load_frac=0.9,
            opex_frac_of_revenue=0.2,
        ),
    )


def gpu_offers() -> tuple[GpuLeaseOffer, ...]:
    return (
        GpuLeaseOffer(
            id="rent_in",
            name="GPUs leased in",
            site="beta",
            term_months=12,
            earliest_start="2025-12",
            latest_start="2026-03",
            direction="in",
            gpu="h100",
            n_gpus=64,
            price_usd_per_gpu_h=1.5,
            paid_hours_frac=1.0,
            deposit_months=2,
        ),
        GpuLeaseOffer(
            id="rent_out",
            name="GPUs leased out",
            site="beta",
            term_months=12,
            earliest_start="2025-12",
            latest_start="2026-03",
            direction="out",
            gpu="h100",
            n_gpus=64,
            price_usd_per_gpu_h=2.2,
            paid_hours_frac=0.97,
        ),
    )

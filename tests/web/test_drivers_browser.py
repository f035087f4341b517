# SPDX-License-Identifier: Apache-2.0
"""Drivers and maps in a real browser: drawn in full, quiet, sites to choose."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright
from reported_runs import HOSTILE, reported_data

from optimizer.drivers import drivers
from optimizer.report import render_report
from optimizer.report.surfaces_made import surfaces

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.web

SHOWN = ("drivers", "surfaces", "surfaces_wide")


def test_drivers_and_maps_are_drawn_and_sites_can_be_chosen(tmp_path: Path) -> None:
    data = reported_data(HOSTILE, is_full=False)
    made = surfaces(data.study, backend="numpy")
    data = replace(
        data,
        drivers=drivers(data.study, data.plan.plan, n_scenarios=1024, backend="numpy"),
        surfaces=(*made, replace(made[0], name="Another")),
    )
    place = tmp_path / "report.html"
    place.write_text(render_report(data), encoding="utf-8")
    said: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_context(offline=True).new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(place.as_uri())
        page.wait_for_selector("html[data-ready=true]", timeout=60_000)
        for name in SHOWN:
            plot = page.locator(f"#plot-{name}")
            plot.scroll_into_view_if_needed()
            assert plot.get_attribute("data-drawn") == "true", name
            assert plot.locator("svg.main-svg").count() >= 1
        assert page.locator("#plot-drivers .bars .point").count() >= 9
        assert page.locator("#plot-surfaces .hm").count() == 2 * len(data.surfaces)
        buttons = page.locator("#plot-surfaces_wide .updatemenu-button")
        assert [one.strip() for one in buttons.all_text_contents()] == [
            HOSTILE,
            "Another",
        ]
        maps = page.locator("#plot-surfaces_wide .hm")
        assert maps.count() == 9
        buttons.nth(1).click()
        page.wait_for_timeout(300)
        assert maps.count() == 9
        assert HOSTILE in page.locator("#reading-surfaces").inner_text()
        browser.close()
    assert said == []

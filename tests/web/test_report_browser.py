# SPDX-License-Identifier: Apache-2.0
"""The report in a real browser: drawn in full, quiet, and with no way outside."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright
from reported_runs import HOSTILE, reported_data, screened_data

from optimizer.report import render_report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page, Request, ViewportSize

pytestmark = pytest.mark.web

QUIET = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
LOCAL = ("file:", "data:", "blob:")


class Opened:
    """A page with all it said and asked for."""

    def __init__(self, page: Page, report: Path) -> None:
        self.page = page
        self.said: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("dialog", lambda dialog: self.said.append(dialog.message))
        page.on("request", self._note)
        page.goto(report.as_uri())
        page.wait_for_selector("html[data-ready=true]", timeout=60_000)

    def _note(self, request: Request) -> None:
        if not request.url.startswith(LOCAL):
            self.asked.append(request.url)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("report") / "report.html"
    place.write_text(render_report(reported_data(HOSTILE)), encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    import shutil

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(QUIET)
        )
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def opened(browser: Browser, report: Path) -> Opened:
    context = browser.new_context(offline=True, accept_downloads=True)
    return Opened(context.new_page(), report)


def _becomes(page: Page, expression: str) -> bool:
    """Whether an expression turns true soon; the page's policy forbids it to wait."""
    for _ in range(50):
        if page.evaluate(expression):
            return True
        page.wait_for_timeout(100)
    return False


def _assert_drawn(opened: Opened) -> None:
    """Every figure of a page shows its marks and no foreign logo."""
    places = opened.page.locator(".plot")
    for index in range(places.count()):
        place = places.nth(index)
        name = place.get_attribute("id")
        assert place.get_attribute("data-drawn") == "true", name
        assert place.locator("svg.main-svg").count() >= 1, name
        marks = place.locator(".trace, .hm, .points path, .scatterlayer path")
        assert marks.count() >= 1, name
        assert place.locator(".modebar-btn--logo").count() == 0, name


def test_every_figure_is_drawn(opened: Opened) -> None:
    assert opened.page.locator(".plot").count() >= 10
    _assert_drawn(opened)


def test_the_report_of_a_screening_alone_is_drawn_and_quiet(
    browser: Browser, tmp_path: Path
) -> None:
    place = tmp_path / "report.html"
    place.write_text(render_report(screened_data(HOSTILE)), encoding="utf-8")
    with browser.new_context(offline=True) as context:
        opened = Opened(context.new_page(), place)
        assert opened.page.locator("#plot-screen-table").count() == 1
        _assert_drawn(opened)
        assert HOSTILE in opened.page.locator("main").inner_text()
        assert (opened.asked, opened.said) == ([], [])


def test_nothing_is_asked_from_outside_and_nothing_is_said(opened: Opened) -> None:
    assert opened.asked == []
    assert opened.said == []


def test_names_from_input_files_stay_text(opened: Opened) -> None:
    assert opened.page.locator("main script:not([type])").count() == 0
    assert HOSTILE in opened.page.locator("main").inner_text()
    titles = opened.page.locator("#plot-capacity .annotation-text")
    assert HOSTILE in titles.first.text_content()


def test_a_figure_hands_out_its_data_as_csv(opened: Opened, tmp_path: Path) -> None:
    page = opened.page
    page.locator("#capacity details.data > summary").first.click()
    with page.expect_download() as waiting:
        page.locator('button[data-csv="capacity"]').click()
    place = tmp_path / "capacity.csv"
    waiting.value.save_as(place)
    assert waiting.value.suggested_filename == "capacity.csv"
    rows = list(csv.reader(io.StringIO(place.read_text(encoding="utf-8-sig"))))
    assert rows[0] == [
        "month",
        "site",
        "self_mining_mw",
        "hosting_mw",
        "gpu_leasing_mw",
        "energised_mw",
        "committed_mw",
    ]
    assert len(rows) == 1 + 3 * 24


def test_the_tornado_shows_both_ends_of_every_input(
    opened: Opened, tmp_path: Path
) -> None:
    page = opened.page
    reading = page.locator("#reading-tornado").inner_text()
    assert "moves NPV most" in reading
    page.locator("#tornado details.data > summary").first.click()
    with page.expect_download() as waiting:
        page.locator('button[data-csv="tornado"]').click()
    place = tmp_path / "tornado.csv"
    waiting.value.save_as(place)
    rows = list(csv.DictReader(io.StringIO(place.read_text(encoding="utf-8-sig"))))
    bars = page.locator("#plot-tornado .bars .point")
    assert bars.count() == 2 * len(rows) >= 8
    btc = next(row for row in rows if row["key"] == "btc_price")
    assert float(btc["low_change_usd"]) < 0.0 < float(btc["high_change_usd"])


def test_the_sources_can_be_searched(opened: Opened) -> None:
    page = opened.page
    page.locator('input[data-filter="sources"]').fill("FLOOR cash")
    shown = page.locator("#table-sources tbody tr:visible")
    assert shown.count() == 1
    assert "company.cash_floor_usd" in shown.inner_text()
    page.locator('input[data-filter="sources"]').fill("")
    assert page.locator("#table-sources tbody tr:visible").count() == 2


@pytest.mark.parametrize("width_px", [390, 820, 1360])
def test_no_width_makes_the_page_scroll_sideways(opened: Opened, width_px: int) -> None:
    opened.page.set_viewport_size({"width": width_px, "height": 900})
    assert _becomes(opened.page, "document.documentElement.scrollWidth <= innerWidth")


def test_print_fits_figures_to_paper(opened: Opened) -> None:
    page = opened.page
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert _becomes(
        page,
        "[...document.querySelectorAll('.plot .main-svg:first-child')]"
        ".every((svg) => svg.getBoundingClientRect().width === 680)",
    )
    assert not page.locator(".toc li li").first.is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")


OVERLAPS = """
(figure) => {
    const seen = [...figure.querySelectorAll('.annotation-text')]
        .map((text) => [text.textContent, text.getBoundingClientRect()])
        .filter(([words, box]) => words.trim() && box.width > 0);
    return seen.flatMap(([words, a], place) => seen.slice(place + 1)
        .filter(([, b]) => Math.min(a.right, b.right) > Math.max(a.left, b.left) + 1
            && Math.min(a.bottom, b.bottom) > Math.max(a.top, b.top) + 2)
        .map(([other]) => [words, other]));
}
"""


def test_titles_stand_beside_each_other_on_a_telephone(
    browser: Browser, tmp_path: Path
) -> None:
    place = tmp_path / "report.html"
    place.write_text(render_report(reported_data("Plant")), encoding="utf-8")
    size: ViewportSize = {"width": 390, "height": 900}
    with browser.new_context(offline=True, viewport=size) as context:
        page = Opened(context.new_page(), place).page
        figure = page.locator("#plot-irr_distribution")
        figure.scroll_into_view_if_needed()
        assert "no IRR" in figure.inner_text()
        assert figure.evaluate(OVERLAPS) == []

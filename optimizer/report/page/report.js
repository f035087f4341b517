// SPDX-License-Identifier: Apache-2.0
// Draws the figures, hands out CSV files, filters tables, fits figures to paper.
"use strict";
(() => {
  const root = document.documentElement;
  const config = {
    displaylogo: false,
    responsive: true,
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
    toImageButtonOptions: { format: "svg", scale: 1 },
  };
  const value = (id) => JSON.parse(document.getElementById(id).textContent);
  const plots = [...document.querySelectorAll(".plot")];

  const draw = async (place) => {
    const figure = value(`figure-${place.id.replace("plot-", "")}`);
    const filename = place.id.replace("plot-", "wattplan-");
    const own = { ...config.toImageButtonOptions, filename };
    await Plotly.newPlot(place, figure.data, figure.layout, {
      ...config,
      toImageButtonOptions: own,
    });
    place.dataset.drawn = "true";
  };

  const download = (id) => {
    // The mark tells spreadsheets that the text is UTF-8.
    const blob = new Blob(["\ufeff", value(`csv-${id}`)], { type: "text/csv" });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${id}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  const filter = (input) => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = document.querySelectorAll(`#table-${input.dataset.filter} tbody tr`);
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-csv]");
    if (button) download(button.dataset.csv);
  });
  for (const input of document.querySelectorAll("input[data-filter]")) {
    input.addEventListener("input", () => filter(input));
  }

  const PAPER_WIDTH_PX = 680;
  addEventListener("beforeprint", () => {
    for (const place of plots) Plotly.relayout(place, { width: PAPER_WIDTH_PX });
  });
  addEventListener("afterprint", () => {
    for (const place of plots) {
      Plotly.relayout(place, { width: null, autosize: true });
    }
  });

  const links = new Map(
    [...document.querySelectorAll(".toc a")].map((a) => [a.hash.slice(1), a]),
  );
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting || !links.has(target.id)) continue;
        for (const link of links.values()) link.classList.remove("here");
        links.get(target.id).classList.add("here");
      }
    },
    { rootMargin: "0px 0px -75% 0px" },
  );
  for (const id of links.keys()) {
    const target = document.getElementById(id);
    if (target) watcher.observe(target);
  }

  // One by one, so that the first figures show while later ones are drawn.
  (async () => {
    for (const place of plots) await draw(place);
    root.dataset.ready = "true";
  })();
})();

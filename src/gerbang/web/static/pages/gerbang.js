// What the pages do in the browser. No state lives here: the server renders everything.
"use strict";
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

  // --- menu, words at the edge, copying, dialogs --------------------------------------------------

  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-toggle],[data-close],[data-copy],[data-dialog],[data-fill]");
    if (!target) return;
    if (target.dataset.toggle) {
      const open = $(target.dataset.toggle).classList.toggle("show");
      target.setAttribute("aria-expanded", String(open));
    } else if ("close" in target.dataset) {
      const dialog = target.closest("dialog");
      dialog ? dialog.close() : target.closest("[data-toast]")?.remove();
    } else if (target.dataset.copy !== undefined) {
      copy(target);
    } else if (target.dataset.dialog) {
      const dialog = document.getElementById(target.dataset.dialog);
      dialog.showModal();
      $("input:not([type=hidden]),select,textarea", dialog)?.focus();
    } else if (target.dataset.fill) {
      const field = document.getElementById(target.dataset.fill);
      field.value = target.dataset.value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
      field.focus();
    }
  });

  async function copy(button) {
    const text = button.dataset.copy;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.classList.add("text-green-strong");
    setTimeout(() => button.classList.remove("text-green-strong"), 1200);
  }

  function settleToasts(root) {
    $$("[data-toast=go]", root).forEach((one) => setTimeout(() => one.remove(), 6000));
  }

  // --- asking before something that cannot be taken back -----------------------------------------

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const question = event.submitter?.dataset.confirm || form.dataset.confirm;
    if (!question || form.dataset.confirmed) return;
    event.preventDefault();
    event.stopPropagation();
    const dialog = $("#confirm");
    $("#confirm-text").textContent = question;
    dialog.returnValue = "";
    dialog.onclose = () => {
      if (dialog.returnValue !== "yes") return;
      form.dataset.confirmed = "yes";
      form.requestSubmit(event.submitter);
      delete form.dataset.confirmed;
    };
    dialog.showModal();
  }, true);

  document.addEventListener("change", (event) => {
    const field = event.target;
    if (field.closest("[data-autosubmit]")) field.form.requestSubmit();
    if (field.matches("[data-check-all]")) {
      $$(`input[name="${field.dataset.checkAll}"]`).forEach((box) => { box.checked = field.checked; });
    }
  });

  // --- keyboard: "/" searches, j and k walk through a list, Enter opens ---------------------------

  const typing = (node) => node.closest("input,textarea,select,[contenteditable],dialog[open]");

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && event.target.matches?.("[data-search]")) { event.target.blur(); return; }
    if (typing(event.target)) return;
    if (event.key === "/") {
      const box = $("[data-search]");
      if (box) { event.preventDefault(); box.focus(); box.select(); }
      else { const all = $("[data-search-page]"); if (all) location.href = `${all.dataset.searchPage}#search`; }
    } else if (event.key === "j" || event.key === "k") {
      walk(event.key === "j" ? 1 : -1);
    } else if (event.key === "Enter" && event.target === document.body) {
      const row = $("tr.row-here");
      if (row) open(row);
    } else if (event.key === "n" || event.key === "p") {
      $(event.key === "n" ? "a[rel=next]" : "a[rel=first]")?.click();
    }
  });

  // A list that is brought anew under somebody who walks through it keeps their place.
  let place = -1;
  document.addEventListener("input", () => { place = -1; });
  document.addEventListener("htmx:afterSwap", () => {
    if (place >= 0 && !$("tr.row-here")) $$("table[data-rows] tbody tr")[place]?.classList.add("row-here");
  });

  function walk(step) {
    const rows = $$("table[data-rows] tbody tr");
    if (!rows.length) return;
    const here = rows.findIndex((row) => row.classList.contains("row-here"));
    const next = rows[Math.min(rows.length - 1, Math.max(0, here + step))];
    rows[here]?.classList.remove("row-here");
    next.classList.add("row-here");
    place = rows.indexOf(next);
    next.scrollIntoView({ block: "nearest" });
  }

  function open(row) {
    const link = row.dataset.href || $("a[href]", row)?.href;
    if (link) location.href = link;
  }

  document.addEventListener("click", (event) => {
    const row = event.target.closest("tr[data-href]");
    if (!row || event.target.closest("a,button,input,select,label,form") || String(getSelection())) return;
    event.ctrlKey || event.metaKey ? window.open(row.dataset.href) : open(row);
  });

  // --- charts ------------------------------------------------------------------------------------

  const charts = new Map();
  const dots = (value) => Math.round(value).toString().replace(/\B(?=(\d{3})+(?!\d))/g, ".");
  // Ticks are whole numbers: nobody has half an order.
  const STEPS = Array.from({ length: 15 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat();
  const short = (value) => {
    const size = Math.abs(value);
    const words = document.documentElement.lang === "en" ? ["m", "bn", "k"] : ["jt", "M", "rb"];
    const cut = (n, unit) => `${(value / n).toFixed(1).replace(/\.0$/, "").replace(".", ",")}\u00a0${unit}`;
    if (size >= 1e9) return cut(1e9, words[1]);
    if (size >= 1e6) return cut(1e6, words[0]);
    if (size >= 1e4) return cut(1e3, words[2]);
    return dots(value);
  };

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(`--tblr-${name}`).trim() || name;
  }

  function wibLabels(spec) {
    const two = (n) => String(n).padStart(2, "0");
    return (_, ticks) => ticks.map((tick) => {
      const at = new Date((tick + 7 * 3600) * 1000);
      return spec.by === "day" ? `${at.getUTCDate()}/${at.getUTCMonth() + 1}` : `${two(at.getUTCHours())}.${two(at.getUTCMinutes())}`;
    });
  }

  function draw(box) {
    const source = box.dataset.chart || $("script[type='application/json']", box)?.textContent;
    if (!source || !window.uPlot) return;
    const spec = JSON.parse(source);
    charts.get(box)?.destroy();
    const text = colour("secondary-color");
    const grid = { stroke: colour("border-color"), width: 1 };
    const bars = spec.kind === "bars" ? uPlot.paths.bars({ size: [0.7, 60] }) : undefined;
    const comma = (v) => v.toFixed(1).replace(".", ",") + "%";
    const value = (_, v) => (v == null ? "–" : spec.percent ? comma(v) : (spec.money ? "Rp" : "") + dots(v));
    const options = {
      width: Math.max(200, box.clientWidth), height: spec.height || 230,
      cursor: { y: false },
      legend: { live: true },
      scales: { x: spec.x === "index" ? { time: false, range: (_, low, high) => [low - 0.6, high + 0.6] } : { time: true }, y: { range: spec.percent ? [0, 100] : (_, low, high) => [Math.min(0, low || 0), Math.max(1, (high || 0) * 1.08)] } },
      axes: [
        { stroke: text, grid: { show: false }, values: spec.x === "index" ? (_, ticks) => ticks.map((n) => spec.names?.[n] ?? "") : wibLabels(spec), splits: spec.x === "index" ? () => spec.data[0] : undefined },
        { stroke: text, grid, size: 62, incrs: STEPS, values: (_, ticks) => ticks.map(spec.percent ? (n) => `${n}%` : short) },
      ],
      series: [
        { label: spec.xLabel || "\u00a0", value: (_, v) => (v == null ? "–" : spec.x === "index" ? spec.names[v] : wibLabels(spec)(_, [v])[0]) },
        ...spec.series.map((one) => ({ label: one.label, stroke: colour(one.colour), fill: one.fill || bars ? `color-mix(in srgb, ${colour(one.colour)} ${bars ? 70 : 18}%, transparent)` : undefined, width: 2, paths: bars, points: { show: Boolean(one.points) }, spanGaps: true, value })),
      ],
    };
    const node = $("[data-plot]", box) || box;
    charts.set(box, new uPlot(options, spec.data, node));
  }

  const drawAll = (root) => $$(".chart", root).forEach(draw);
  let resizing;
  addEventListener("resize", () => { clearTimeout(resizing); resizing = setTimeout(() => drawAll(document), 150); });

  // --- what HTMX brought -------------------------------------------------------------------------

  document.addEventListener("htmx:afterSettle", (event) => { drawAll(event.target); settleToasts(document); });
  document.addEventListener("htmx:sseMessage", (event) => drawAll(event.target));
  document.addEventListener("htmx:sendError", () => document.body.classList.add("offline"));

  document.addEventListener("DOMContentLoaded", () => {
    drawAll(document);
    settleToasts(document);
    ($("[data-focus]") || $(".is-invalid") || (location.hash === "#search" && $("[data-search]")))?.focus?.();
  });
})();

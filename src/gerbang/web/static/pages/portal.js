// The portal's own: the countdown of a ticket, tabs of samples, filtered tables, dialogs with errors.
"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const two = (n) => String(n).padStart(2, "0");

  function tick() {
    all("[data-until]").forEach((box) => {
      const left = Math.max(0, Math.floor((new Date(box.dataset.until) - Date.now()) / 1000));
      box.textContent = `${two(Math.floor(left / 3600))}:${two(Math.floor(left / 60) % 60)}:${two(left % 60)}`;
    });
  }
  tick();
  setInterval(tick, 1000);
  document.addEventListener("htmx:afterSwap", tick);

  all("[data-tabs]").forEach((group) => {
    const tabs = all("[role=tab]", group);
    const show = (tab, focus) => {
      tabs.forEach((one) => {
        const chosen = one === tab;
        one.setAttribute("aria-selected", String(chosen));
        one.classList.toggle("active", chosen);
        one.tabIndex = chosen ? 0 : -1;
        document.getElementById(one.getAttribute("aria-controls")).hidden = !chosen;
      });
      if (focus) tab.focus();
      sessionStorage.setItem("gerbang-language", tab.id);
    };
    tabs.forEach((tab, index) => {
      tab.addEventListener("click", () => show(tab));
      tab.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (step) show(tabs[(index + step + tabs.length) % tabs.length], true);
      });
    });
    show(tabs.find((tab) => tab.id === sessionStorage.getItem("gerbang-language")) || tabs[0]);
  });

  all("[data-filtered]").forEach((box) => {
    const field = document.querySelector(`input[name="${box.dataset.filtered}"]`);
    field?.addEventListener("input", () => {
      const wanted = field.value.trim().toLowerCase();
      all("tbody tr", box).forEach((row) => { row.hidden = !row.textContent.toLowerCase().includes(wanted); });
    });
  });

  all("dialog[data-open]").forEach((dialog) => dialog.showModal());
})();

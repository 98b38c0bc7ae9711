// Before anything is drawn: the device's own theme where no other was chosen.
(() => {
  const root = document.documentElement;
  if (root.dataset.themeWanted !== "auto") return;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => root.setAttribute("data-bs-theme", dark.matches ? "dark" : "light");
  dark.addEventListener("change", apply);
  apply();
})();

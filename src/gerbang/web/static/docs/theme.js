// Before the first paint: the theme that was chosen here, else the system's.
(() => {
  const kept = localStorage.getItem("gerbang-theme");
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = kept || (dark ? "dark" : "light");
})();

// Copy buttons, the theme switch, the filter of the list of pages, and tabs of samples.
const words = document.body.dataset;

document.querySelectorAll(".code").forEach((block) => {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = words.copy || "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(block.querySelector("code").textContent);
    button.textContent = words.copied || "Copied";
    setTimeout(() => { button.textContent = words.copy || "Copy"; }, 1600);
  });
  block.append(button);
});

document.querySelectorAll("[data-theme-switch]").forEach((button) => {
  button.addEventListener("click", () => {
    const root = document.documentElement;
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    localStorage.setItem("gerbang-theme", root.dataset.theme);
  });
});

const menu = document.querySelector("details.menu");
if (menu) {
  const wide = matchMedia("(min-width: 901px)");
  const fit = () => { menu.open = wide.matches; };
  fit();
  wide.addEventListener("change", fit);
}

const filter = document.querySelector("[data-filter]");
if (filter) {
  // Titles that fit are left while one types; Enter searches the texts.
  filter.addEventListener("input", () => {
    const typed = filter.value.trim().toLowerCase();
    const titles = [...document.querySelectorAll(".pages li")].map((item) => item.textContent.toLowerCase());
    const wanted = titles.some((title) => title.includes(typed)) ? typed : "";
    document.querySelectorAll(".pages li").forEach((item) => {
      item.hidden = !item.textContent.toLowerCase().includes(wanted);
    });
    document.querySelectorAll(".pages h2").forEach((heading) => {
      heading.hidden = !heading.nextElementSibling.querySelector("li:not([hidden])");
    });
  });
  filter.addEventListener("keydown", (event) => {
    const typed = filter.value.trim().toLowerCase();
    const links = [...document.querySelectorAll(".pages li a")];
    const exact = links.find((link) => link.textContent.trim().toLowerCase() === typed);
    if (event.key === "Enter" && exact) {
      event.preventDefault();
      exact.click();
    }
  });
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
    if (event.key === "/" && !typing) {
      event.preventDefault();
      if (menu) menu.open = true;
      filter.focus();
    }
  });
}

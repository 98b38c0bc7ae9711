// The pages people pay on: kindness while typing. The server checks everything again.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const language = () => document.documentElement.lang === "en" ? "en" : "id";
  const form = document.querySelector("form");
  const texts = form && form.dataset.texts ? JSON.parse(form.dataset.texts) : {};

  // --- languages, in place: what was typed stays ---------------------------------------------

  const say = (element, key) => {
    const pair = texts[key];
    element.dataset.id = pair.id;
    element.dataset.en = pair.en;
    element.textContent = pair[language()];
  };
  const speak = (chosen) => {
    document.documentElement.lang = chosen;
    for (const element of document.querySelectorAll("[data-id][data-en]")) {
      element.textContent = element.dataset[chosen];
    }
    for (const element of document.querySelectorAll("[data-placeholder-id]")) {
      element.placeholder = chosen === "en" ? element.dataset.placeholderEn : element.dataset.placeholderId;
    }
    for (const element of document.querySelectorAll("[data-lang]")) {
      if (element.dataset.lang === chosen) element.setAttribute("aria-current", "true");
      else element.removeAttribute("aria-current");
    }
    const field = document.querySelector("[data-lang-field]");
    if (field) field.value = chosen;
  };
  for (const element of document.querySelectorAll("[data-lang]")) {
    element.hidden = false;
    element.addEventListener("click", (event) => {
      event.preventDefault();
      speak(element.dataset.lang);
    });
  }

  // --- pages that go on by themselves -----------------------------------------------------------

  if (form && "autoSubmit" in form.dataset) {
    if ("browser" in form.dataset) {
      const known = {
        browser: navigator.userAgent.slice(0, 255),
        browserJavaEnabled: "false",
        browserJavascriptEnabled: "true",
        browserLanguage: navigator.language,
        browserScreenColorDepth: screen.colorDepth,
        browserScreenHeight: screen.height,
        browserScreenWidth: screen.width,
        browserTimeZone: new Date().getTimezoneOffset(),
      };
      for (const [name, value] of Object.entries(known)) {
        if (form.elements[name]) form.elements[name].value = String(value);
      }
    }
    form.submit();
    return;
  }
  if (!form) return;

  // --- what is wrong, in words beside its field -------------------------------------------------

  const show = (input, key) => {
    const place = byId(`${input.id}-problem`);
    if (key) {
      const words = document.createElement("span");
      say(words, key);
      place.replaceChildren(words);
      input.setAttribute("aria-invalid", "true");
    } else {
      place.replaceChildren();
      input.removeAttribute("aria-invalid");
    }
    place.hidden = !key;
    return !key;
  };
  const announce = (key) => {
    const live = byId("live");
    if (live) say(live, key);
  };

  // --- the card -----------------------------------------------------------------------------------

  const BRANDS = [
    ["visa", "Visa", /^4/, [13, 16, 19], 3],
    ["mastercard", "Mastercard", /^(5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, [16], 3],
    ["jcb", "JCB", /^35(2[89]|[3-8])/, [16, 17, 18, 19], 3],
    ["amex", "Amex", /^3[47]/, [15], 4],
  ];
  const brandOf = (digits) => BRANDS.find(([, , prefix]) => prefix.test(digits));
  const luhn = (digits) => [...digits].reverse().reduce((total, digit, place) => {
    const value = Number(digit) * (place % 2 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0) % 10 === 0;
  const digitsOf = (text) => text.replace(/[\s\u00a0-]/g, "");

  // Keep the caret behind the same digit when spaces come and go.
  const reshape = (input, shape) => {
    const before = input.value.slice(0, input.selectionStart).replace(/\D/g, "").length;
    const atEnd = input.selectionStart === input.value.length;
    const shaped = shape(input.value);
    if (shaped === input.value) return;
    input.value = shaped;
    if (atEnd) return;
    let caret = 0;
    for (let seen = 0; caret < shaped.length && seen < before; caret += 1) {
      if (/\d/.test(shaped[caret])) seen += 1;
    }
    input.setSelectionRange(caret, caret);
  };
  const grouped = (text) => {
    const digits = text.replace(/\D/g, "").slice(0, 19);
    const groups = /^3[47]/.test(digits) ? [4, 6, 5] : [4, 4, 4, 4, 3];
    const parts = [];
    let at = 0;
    for (const size of groups) {
      if (at < digits.length) parts.push(digits.slice(at, at + size));
      at += size;
    }
    return parts.join(" ");
  };
  const slashed = (text) => {
    const typed = text.trim();
    const single = /^([1-9])\s*\/\s*(\d*)$/.exec(typed);
    const digits = (single ? `0${single[1]}${single[2]}` : /^[2-9]/.test(typed) ? `0${typed}` : typed)
      .replace(/\D/g, "");
    // A year of four digits, as a browser may fill it in.
    const year = digits.length === 6 && digits.slice(2, 4) === "20" ? digits.slice(4) : digits.slice(2, 4);
    if (digits.length < 2) return digits;
    return digits.length === 2 && !typed.includes("/") ? digits : `${digits.slice(0, 2)}/${digits.length === 5 ? digits.slice(2) : year}`;
  };

  const number = byId("cardNo");
  const expiry = byId("cardExp");
  const cvv = byId("cardCvv");
  const holder = byId("cardHolderNm");
  const accepted = (form.dataset.brands || "").split(" ");

  const checks = new Map();
  if (number) {
    const badge = document.querySelector("[data-brand]");
    const recognise = () => {
      const found = brandOf(digitsOf(number.value));
      const name = found && accepted.includes(found[0]) ? found[1] : "";
      if (badge.textContent !== name) {
        badge.textContent = name;
        badge.dataset.name = name ? found[0] : "";
      }
      if (cvv) cvv.placeholder = found && found[4] === 4 ? "••••" : "•••";
    };
    number.addEventListener("input", () => {
      reshape(number, grouped);
      recognise();
      if (number.hasAttribute("aria-invalid")) show(number, numberProblem());
    });
    const numberProblem = () => {
      const digits = digitsOf(number.value);
      if (!digits) return "number_empty";
      if (!/^\d+$/.test(digits)) return "number_wrong";
      const found = brandOf(digits);
      if (!found || !accepted.includes(found[0])) return "number_brand";
      if (digits.length < Math.min(...found[3])) return "number_short";
      return found[3].includes(digits.length) && (form.dataset.luhn === "no" || luhn(digits)) ? "" : "number_wrong";
    };
    checks.set(number, numberProblem);
    recognise();
  }
  if (expiry) {
    expiry.addEventListener("input", (event) => {
      if (!event.inputType || !event.inputType.startsWith("delete")) reshape(expiry, slashed);
    });
    checks.set(expiry, () => {
      const typed = expiry.value.trim();
      if (!typed) return "expiry_empty";
      const found = /^(\d{1,2})\s*\/?\s*(?:20)?(\d{2})$/.exec(typed);
      if (!found || Number(found[1]) < 1 || Number(found[1]) > 12) return "expiry_wrong";
      const jakarta = new Date(Date.now() + 7 * 3600 * 1000);
      const now = (jakarta.getUTCFullYear() % 100) * 12 + jakarta.getUTCMonth() + 1;
      return Number(found[2]) * 12 + Number(found[1]) < now ? "expiry_past" : "";
    });
  }
  if (cvv) {
    cvv.addEventListener("input", () => reshape(cvv, (text) => text.replace(/\D/g, "")));
    checks.set(cvv, () => {
      if (!cvv.value) return form.dataset.cvvNeeded === "no" ? "" : "cvv_empty";
      const found = brandOf(digitsOf(number.value));
      return new RegExp(`^\\d{${found ? found[4] : "3,4"}}$`).test(cvv.value) ? "" : "cvv_wrong";
    });
  }
  if (holder) {
    checks.set(holder, () => {
      const name = holder.value.trim();
      if (!name) return "holder_empty";
      return /^[\p{L}][\p{L} .'-]*$/u.test(name) ? "" : "holder_wrong";
    });
  }

  // --- cards of the sandbox, which only a page in testing mode has ------------------------------

  for (const button of document.querySelectorAll("[data-trial]")) {
    button.addEventListener("click", () => {
      const filled = [[number, "number"], [expiry, "expiry"], [cvv, "cvv"], [holder, "holder"]];
      for (const [input, name] of filled) {
        if (!input) continue;
        input.value = button.dataset[name];
        input.dispatchEvent(new Event("input"));
        show(input, "");
      }
      document.querySelector("[data-pay]").focus();
    });
  }

  // --- the one-time password ----------------------------------------------------------------------

  const otp = byId("otp");
  if (otp) {
    const digits = Number(form.dataset.digits);
    otp.addEventListener("input", () => reshape(otp, (text) => text.replace(/\D/g, "").slice(0, digits)));
    checks.set(otp, () => {
      if (!otp.value) return "otp_empty";
      return otp.value.length === digits ? "" : "otp_wrong";
    });
    otp.focus();
    const clock = form.querySelector("[data-clock]");
    const ends = Date.now() + Number(form.dataset.seconds) * 1000;
    clock.hidden = false;
    const tick = () => {
      const left = Math.max(0, Math.round((ends - Date.now()) / 1000));
      form.querySelector("[data-left]").textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
      if (left) setTimeout(tick, 1000);
      else announce("challenge_over");
    };
    tick();
  }

  // --- leaving a field, and sending once ------------------------------------------------------------

  for (const [input, check] of checks) {
    input.addEventListener("blur", () => {
      if (input.value.trim()) show(input, check());
    });
    if (input !== number) {
      input.addEventListener("input", () => {
        if (input.hasAttribute("aria-invalid")) show(input, check());
      });
    }
  }
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) {
      event.preventDefault();
      return;
    }
    if (event.submitter && "cancel" in event.submitter.dataset) {
      // Whoever cancels sends no card.
      for (const input of checks.keys()) input.disabled = true;
      sent = true;
      return;
    }
    const wrong = [...checks].filter(([input, check]) => !show(input, check()));
    if (wrong.length) {
      event.preventDefault();
      announce(wrong[0][1]());
      wrong[0][0].focus();
      return;
    }
    sent = true;
    const button = form.querySelector("[data-pay]");
    button.setAttribute("aria-disabled", "true");
    const words = document.createElement("span");
    say(words, "busy");
    button.replaceChildren(words);
    announce("busy");
  });
  // A page that comes back from the browser's memory may be sent again; its card is gone.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  const first = document.querySelector("[aria-invalid='true']");
  if (first) first.focus();
})();

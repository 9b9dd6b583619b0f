// Makes a page's links and forms work in place: asks for the same address, and puts what changed into the page.
// Every state has an address and every control is a link or a form, so nothing here knows what a state means. What is
// asked and what is shown never part in silence: address and rows change together, or a bar says that they did not.

(() => {
  "use strict";
  const SETTLED = 300; // ms without a key: the text is what the reader wants to find
  const PATIENCE = 20_000;
  const LOOK_FOR_NEWER = 60_000;
  const byId = (id) => document.getElementById(id);
  const isPage = (path) => /^\/platform\/./.test(path);

  let shown = location.href; // what the rows are of
  let wanted = null; // what is asked for, while the answer is on its way
  let asking = null; // stops the request under way
  let failed = null; // what to try again
  let isTyped = false; // the newest entry of the history is of a text that is still being typed
  let tag = null; // the snapshot that /health told of last
  const timers = {};
  const asked = new Map(); // what each form asked last, while an answer is on its way

  document.documentElement.classList.add("scripted");

  // ---- Putting an answer into the page -------------------------------------------------------------------------

  /** Makes a node equal to another one, in place: what keeps its id keeps focus, scrolling and open panels. */
  function become(old, now) {
    if (old.nodeType !== now.nodeType || old.nodeName !== now.nodeName || old.id !== now.id) return old.replaceWith(now);
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.data !== now.data) old.data = now.data;
      return;
    }
    // Not by `attributes`: a form's field of that name stands before it.
    for (const name of old.getAttributeNames()) if (!now.hasAttribute(name) && name !== "open") old.removeAttribute(name);
    for (const name of now.getAttributeNames()) {
      const value = now.getAttribute(name);
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    if (old.hasAttribute("data-keep") || (old.hasAttribute("data-keep-open") && old.matches(":popover-open"))) return;
    if (old.nodeName === "INPUT") return take(old, now);
    becomeChildren(old, now);
  }

  function becomeChildren(old, now) {
    const coming = new Set([...now.children].map((child) => child.id).filter(Boolean));
    let place = old.firstChild;
    for (const child of [...now.childNodes]) {
      while (place?.id && place.id !== child.id && !coming.has(place.id)) place = removed(place);
      const known = child.id && [...old.children].find((one) => one.id === child.id);
      if (known && known !== place) old.insertBefore(known, place);
      if (known) {
        place = known.nextSibling;
        become(known, child);
      } else if (!place || place.id || child.id) {
        old.insertBefore(child, place);
      } else {
        const next = place.nextSibling;
        become(place, child);
        place = next;
      }
    }
    while (place) place = removed(place);
  }

  function removed(node) {
    const next = node.nextSibling;
    node.remove();
    return next;
  }

  /** A field takes the state that is shown now, unless the reader is typing in it. */
  function take(old, now) {
    const isText = !["checkbox", "radio", "hidden"].includes(old.type);
    if (isText && old === document.activeElement && (old.closest("[data-keep-open]") || timers.search || isTyped)) return;
    if (old.value !== now.value) old.value = now.value;
    old.checked = now.checked;
    old.setCustomValidity("");
  }

  function show(page, { isOther, closes }) {
    const focused = document.activeElement;
    const around = [];
    for (let one = focused; one; one = one.parentElement) if (one.id) around.push(one.id);
    document.title = page.title;
    become(document.body, document.adoptNode(page.body));
    if (closes) document.querySelector(":popover-open")?.hidePopover();
    byId("region")?.scrollTo({ top: 0 });
    document.dispatchEvent(new Event("clientele:shown"));
    if (document.activeElement === document.body) focusNear(isOther ? ["heading"] : [...around, "heading"]);
  }

  /** Where the focused control went away, the focus stays near: what stands in its place, else what was around it. */
  function focusNear(ids) {
    for (const id of ids) {
      const near = byId(id);
      const target = near?.matches("a[href], button, input, [tabindex]") ? near : near?.querySelector("a[href], button, input");
      target?.focus();
      if (target && document.activeElement === target) return;
    }
  }

  // ---- Asking --------------------------------------------------------------------------------------------------

  /**
   * What a control asks for on top of what was asked last, so that an answer on its way loses nothing: what it changes of
   * the state that it stood for before, which is the one shown, or the one that its form has asked for since.
   */
  function onTop(address, before = shown) {
    const from = new URL(before);
    const to = new URL(address);
    const result = new URL(wanted ?? shown);
    if (!wanted || [from, result].some((one) => one.pathname !== to.pathname)) return to.href;
    for (const name of new Set([...from.searchParams.keys(), ...to.searchParams.keys(), "offset"])) {
      const values = to.searchParams.getAll(name);
      if (name !== "offset" && JSON.stringify(values) === JSON.stringify(from.searchParams.getAll(name))) continue;
      result.searchParams.delete(name);
      values.forEach((value) => result.searchParams.append(name, value));
    }
    return result.href;
  }

  /** Asks for a page and shows it. `history` says what becomes of the address: "push", "replace", "typed" or "none". */
  async function go(address, history, { closes = false } = {}) {
    asking?.abort();
    const mine = (asking = new AbortController());
    const patience = setTimeout(() => mine.abort("late"), PATIENCE);
    wanted = address;
    byId("main").ariaBusy = "true";
    try {
      const answer = await fetch(address, { signal: mine.signal });
      const text = await answer.text();
      if (answer.status >= 500) throw new Error(`The server answered with an error (${answer.status}).`);
      if (!answer.ok) return location.assign(address);
      const isOther = new URL(answer.url).pathname !== new URL(shown).pathname;
      if (history !== "typed") isTyped = false;
      record(answer.url, history);
      shown = answer.url;
      failed = wanted = null;
      show(new DOMParser().parseFromString(text, "text/html"), { isOther, closes });
      if (byId("filters-popover")?.matches(":popover-open")) offer();
    } catch (error) {
      if (mine.signal.aborted && mine.signal.reason !== "late") return;
      fail(address, history, reasonOf(error, mine.signal.reason === "late"));
    } finally {
      clearTimeout(patience);
      if (asking === mine) {
        asking = wanted = null;
        asked.clear();
        byId("main").ariaBusy = "false";
      }
    }
  }

  const reasonOf = (error, isLate) =>
    isLate
      ? "The server did not answer in time."
      : error instanceof TypeError
        ? "The server cannot be reached."
        : error.message;

  function record(address, history) {
    if (history === "typed") {
      history = isTyped ? "replace" : "push";
      isTyped = true;
    }
    if (address === location.href) return;
    if (history === "push") window.history.pushState(null, "", address);
    else window.history.replaceState(null, "", address);
  }

  /** The rows stay what they were: so do the controls, and the bar says so. */
  function fail(address, history, reason) {
    failed = { address, history };
    byId("failure-text").textContent = `${reason} The page shows the state before: ${document.body.dataset.summary}.`;
    byId("failure").hidden = false;
    for (const form of document.querySelectorAll("main form")) if (!form.contains(document.activeElement)) form.reset();
    for (const box of document.querySelectorAll("main input[type=checkbox]")) box.checked = box.defaultChecked;
  }

  /** Says what became of the page, until the next answer. */
  function tell(text) {
    byId("told").textContent = text;
    byId("told").hidden = false;
  }

  /** The address that a form asks for; empty fields ask nothing. */
  function addressOf(form) {
    const asked = new URL(form.action);
    asked.search = "";
    for (const field of form.elements) {
      const isField = field.name && !field.disabled && !field.name.startsWith("find.");
      const isEmpty = field.value === "" && !["checkbox", "hidden"].includes(field.type);
      if (isField && !isEmpty && (field.type !== "checkbox" || field.checked)) asked.searchParams.append(field.name, field.value);
    }
    return asked.href;
  }

  function later(name, wait, happens) {
    clearTimeout(timers[name]);
    timers[name] = setTimeout(() => {
      timers[name] = null;
      happens();
    }, wait);
  }

  // ---- Links and forms -----------------------------------------------------------------------------------------

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (link.dataset.scheme) {
      event.preventDefault();
      return choose(link.dataset.scheme);
    }
    if (link.id === "show-newer") link.href = shown;
    const address = new URL(link.href);
    const isNew = address.origin === location.origin && isPage(address.pathname) && !address.hash;
    if (!isNew || !isPage(location.pathname) || link.hasAttribute("download")) return;
    event.preventDefault();
    if (link.id === "show-newer") return go(shown, "replace");
    go(onTop(link.href), "push", { closes: link.hasAttribute("data-closes") || Boolean(link.closest(".panel-ways")) });
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!isPage(new URL(form.action).pathname) || !isPage(location.pathname)) return;
    event.preventDefault();
    const isSearch = form.id === "search-form";
    clearTimeout(timers[form.id]);
    timers[form.id] = null;
    const address = addressOf(form);
    const combined = onTop(address, asked.get(form.id));
    asked.set(form.id, address);
    go(combined, isSearch ? "typed" : "push", { closes: form.hasAttribute("data-closes") });
  });

  document.addEventListener("input", ({ target }) => {
    const form = target.form;
    if (target.id === "search") later("search-form", SETTLED, () => form.requestSubmit());
    if (form?.id === "days-form") isInOrder(byId("first-day"), byId("last-day"), "The last day lies before the first", form);
    if (form?.id !== "filters-form") return;
    if (target.classList.contains("find")) return later("find", SETTLED, offer);
    if (!["number", "date"].includes(target.type)) return;
    const [low, high] = target.parentElement.querySelectorAll("input");
    const problem = target.type === "date" ? "The last day lies before the first" : "Min is above max";
    if (isInOrder(low, high, problem, target.parentElement)) submitLater(form);
  });

  document.addEventListener("change", ({ target }) => {
    if (target.type === "checkbox" && target.form && isPage(location.pathname)) target.form.requestSubmit();
  });

  // Another script asks for a state of the page that differs only in how it looks.
  document.addEventListener("clientele:look", ({ detail }) => go(onTop(detail), "replace"));

  document.addEventListener("focusout", ({ target }) => {
    if (target.id === "search") isTyped = false;
  });

  const submitLater = (form) => later(form.id, SETTLED, () => form.checkValidity() && form.requestSubmit());

  /** Says at once that a least value lies above the greatest. */
  function isInOrder(low, high, problem, around) {
    const [least, most] = [low, high].map((field) => (field.type === "number" ? field.valueAsNumber : field.value));
    const isCrossed = low.value !== "" && high.value !== "" && least > most;
    high.setCustomValidity(isCrossed ? problem : "");
    for (const field of [low, high]) field.ariaInvalid = String(isCrossed);
    const said = around.querySelector(".problem");
    said.hidden = !isCrossed;
    said.textContent = isCrossed ? problem : "";
    return !isCrossed;
  }

  window.addEventListener("popstate", () => {
    clearTimeout(timers["search-form"]);
    timers["search-form"] = null;
    isTyped = false;
    go(location.href, "none");
  });

  byId("try-again").addEventListener("click", () => failed && go(failed.address, failed.history));

  // ---- What the filters offer ----------------------------------------------------------------------------------

  let offering = null;

  /** Fills the open filters with what there is to choose from, of the snapshot that the rows are of. */
  async function offer() {
    offering?.abort();
    const mine = (offering = new AbortController());
    const patience = setTimeout(() => mine.abort("late"), PATIENCE);
    const panel = byId("filters-popover");
    const form = byId("filters-form");
    const asked = new URL(panel.dataset.choices, location.href);
    asked.searchParams.set("snapshot", document.body.dataset.snapshot);
    for (const field of form.querySelectorAll(".find")) if (field.value) asked.searchParams.set(field.name, field.value);
    panel.ariaBusy = "true";
    try {
      const answer = await fetch(asked, { signal: mine.signal });
      if (answer.status === 410) {
        await go(shown, "replace");
        return tell("What the page showed was replaced by newer data, which it shows now.");
      }
      if (!answer.ok) throw new Error(`The server answered with an error (${answer.status}).`);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (wanted || timers[form.id]) return; // the reader went on: what follows brings its own
      byId("filters-trouble").hidden = true;
      become(form, document.adoptNode(page.getElementById("filters-form")));
    } catch (error) {
      if (mine.signal.aborted && mine.signal.reason !== "late") return;
      const said = byId("filters-trouble");
      said.textContent = `${reasonOf(error, mine.signal.reason === "late")} What there is to choose from is not known; close the filters and open them again.`;
      said.hidden = false;
    } finally {
      clearTimeout(patience);
      if (offering === mine) panel.ariaBusy = "false";
    }
  }

  document.addEventListener(
    "toggle",
    (event) => {
      if (event.newState !== "open") return;
      if (event.target.id === "filters-popover") offer();
    },
    true,
  );

  // ---- Keys, colours, newer data -------------------------------------------------------------------------------

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input:not([type=checkbox])")) return;
    const does = {
      "/": () => byId("search")?.focus(),
      f: () => open("filters-popover", "filters-button"),
      "?": () => open("shortcuts", "shortcuts-button"),
    }[event.key];
    if (!does) return;
    event.preventDefault();
    does();
  });

  function open(panel, button) {
    if (byId(panel) && !byId(panel).matches(":popover-open")) byId(panel).showPopover({ source: byId(button) });
  }

  function choose(scheme) {
    document.documentElement.dataset.scheme = scheme;
    document.cookie = `scheme=${scheme}; path=/; max-age=31536000; samesite=lax`;
    byId(scheme === "dark" ? "to-light" : "to-dark").focus();
  }

  async function lookForNewer() {
    if (document.visibilityState !== "visible" || !document.body.dataset.snapshot) return;
    try {
      const answer = await fetch("/health", { cache: "no-store", headers: tag ? { "If-None-Match": tag } : {} });
      if (answer.ok) tag = answer.headers.get("ETag");
      else if (answer.status !== 304) return;
    } catch {
      return; // the next look may find it; what the reader asks for says that the server is away
    }
    byId("newer").hidden = tag === `"${document.body.dataset.snapshot}"`;
  }

  setInterval(lookForNewer, LOOK_FOR_NEWER);
  document.addEventListener("visibilitychange", lookForNewer);
})();

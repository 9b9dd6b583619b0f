// Makes a column wider or narrower by its edge, with a pointer or with keys; the address keeps it (width=plan:120).
// The server writes the width into the table, so that it holds for every order, page and filter, and without this script.

(() => {
  "use strict";
  const STEP = 16;
  const SETTLED = 300; // ms without a key: this is the width that the reader wants
  let held = null; // the edge under the pointer, where it was taken, and the width that the column had
  let settling = null;

  const gripOf = ({ target }) => target.closest?.(".grip");
  const headingOf = (grip) => grip.closest("th");
  const shownWidth = (grip) => Math.round(headingOf(grip).getBoundingClientRect().width);

  function resize(grip, pixels) {
    const heading = headingOf(grip);
    const table = heading.closest("table");
    const width = Math.round(Math.min(Math.max(pixels, grip.ariaValueMin), grip.ariaValueMax));
    table.querySelectorAll("col")[heading.cellIndex].width = width;
    for (const row of table.rows) row.cells[heading.cellIndex].classList.add("sized");
    grip.ariaValueNow = width;
  }

  /** Asks for the state with the column's width, or with that which follows from what stands in it. */
  function keep(grip, width) {
    const column = headingOf(grip).dataset.column;
    const address = new URL(location.href);
    const others = address.searchParams.getAll("width").filter((one) => one.slice(0, one.lastIndexOf(":")) !== column);
    address.searchParams.delete("width");
    for (const one of width ? [...others, `${column}:${width}`] : others) address.searchParams.append("width", one);
    document.dispatchEvent(new CustomEvent("clientele:look", { detail: address.href }));
  }

  function keepLater(grip, width) {
    clearTimeout(settling);
    settling = setTimeout(() => keep(grip, width), SETTLED);
  }

  /** Says how wide each column is. */
  function measure() {
    for (const grip of document.querySelectorAll(".grip")) grip.ariaValueNow = shownWidth(grip);
  }

  document.addEventListener("pointerdown", (event) => {
    const grip = gripOf(event);
    if (!grip || event.button) return;
    event.preventDefault();
    grip.setPointerCapture(event.pointerId);
    held = { grip, from: event.clientX, width: shownWidth(grip), isMoved: false };
  });

  document.addEventListener("pointermove", (event) => {
    if (!held || event.clientX === held.from) return;
    held.isMoved = true;
    resize(held.grip, held.width + event.clientX - held.from);
  });

  document.addEventListener("pointerup", () => {
    if (held?.isMoved) keep(held.grip, held.grip.ariaValueNow);
    held = null;
  });

  document.addEventListener("dblclick", (event) => gripOf(event) && keep(gripOf(event), null));

  document.addEventListener("keydown", (event) => {
    const grip = gripOf(event);
    if (!grip || event.ctrlKey || event.metaKey || event.altKey) return;
    const now = Number(grip.ariaValueNow);
    const wanted = {
      ArrowLeft: now - STEP,
      ArrowRight: now + STEP,
      Home: Number(grip.ariaValueMin),
      End: Number(grip.ariaValueMax),
    }[event.key];
    if (event.key === "Delete") keep(grip, null);
    else if (wanted !== undefined) {
      resize(grip, wanted);
      keepLater(grip, grip.ariaValueNow);
    } else return;
    event.preventDefault();
  });

  document.addEventListener("clientele:shown", measure);
  addEventListener("resize", measure);
  measure();
})();

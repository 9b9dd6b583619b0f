// Writes a page's state into its address, and draws the grid's own cells.
// What a state means is decided on the server; nothing here knows a chatbot or reads a row.

(() => {
  const setProps = (id, props) => window.dash_clientside.set_props(id, props);
  const state = () => new URLSearchParams(window.location.search);
  const emptyChoice = "\ue000";
  const columnsControl = { type: "columns", name: "columns" };
  const usualSort = "-last_activity_at";
  let markedDays = "";
  let shownSort = state().get("sort") ?? usualSort;
  let typing = null;

  /** The columns that the chooser offers, in its order, and those shown until the reader chooses. */
  function columnChoices() {
    const list = document.getElementById("column-choices");
    const all = [...(list?.querySelectorAll("input") ?? [])].map((box) => box.value);
    return { all, usual: list?.dataset.usual.split(" ") ?? [] };
  }

  /** Sets parameters of the address (null or an empty list leaves them out) and starts at the first row again. */
  function write(changes) {
    const changed = state();
    const before = changed.toString();
    for (const [name, value] of Object.entries(changes)) {
      const values = value === null ? [] : [].concat(value);
      const held = changed.getAll(name);
      if (held.length === values.length && held.every((item, index) => item === values[index])) continue;
      changed.delete(name);
      values.forEach((item) => changed.append(name, item));
    }
    if (changed.toString() === before) return;
    changed.delete("offset");
    setProps("url", { search: "?" + changed.toString() });
  }

  /** Writes each triggered control of a family under its own name. */
  function writeTriggered(valueOf) {
    for (const { prop_id, value } of window.dash_clientside.callback_context.triggered) {
      const { name } = JSON.parse(prop_id.slice(0, prop_id.lastIndexOf(".")));
      const written = valueOf(value, name);
      if (written !== undefined) write({ [name]: written });
    }
  }

  // What is typed is written once the reader pauses; what a state puts into the box is not typed.
  document.addEventListener("input", ({ target }) => {
    if (target.id !== "search") return;
    clearTimeout(typing);
    typing = setTimeout(() => {
      typing = null;
      write({ search: unlessDefault(target.value, "") });
    }, 300);
  });

  const unlessDefault = (value, usual) => (value === usual || value === "" || value == null ? null : String(value));

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    clientele: {
      writeList() {
        writeTriggered((values) => values?.map((value) => (value === emptyChoice ? "" : value)));
      },
      writeNumber() {
        writeTriggered((value) => (value === "-" ? undefined : unlessDefault(value, "")));
      },
      writeChoice() {
        writeTriggered((value) => unlessDefault(value, "range_end"));
      },
      writeColumns() {
        writeTriggered((chosen) => {
          const { all, usual } = columnChoices();
          if (!all.length || !chosen) return undefined;
          const wanted = all.filter((name) => chosen.includes(name));
          return wanted.join() === usual.join() ? null : wanted;
        });
      },
      writeDays(days) {
        if (!days?.[0] || !days[1] || days.join() === markedDays) return;
        write({ range: null, first_day: days[0], last_day: days[1] });
      },
      resetColumns(clicks) {
        if (clicks) setProps(columnsControl, { value: columnChoices().usual });
      },
      showMarked(marked) {
        markedDays = marked.days.join();
        setProps("calendar", { value: marked.days });
        setProps({ type: "choice", name: "attributes" }, { value: marked.attributes });
        document.title = marked.title;
      },
      // The box and the arrow follow the address where they did not set it themselves: a link, the back button.
      showState() {
        if (!typing && document.getElementById("search")) setProps("search", { value: state().get("search") ?? "" });
        const sort = state().get("sort") ?? usualSort;
        if (sort === shownSort || !document.getElementById("grid")) return;
        shownSort = sort;
        const sorted = { colId: sort.replace(/^-/, ""), sort: sort.startsWith("-") ? "desc" : "asc" };
        window.dash_ag_grid.getApi("grid")?.applyColumnState({ state: [sorted], defaultState: { sort: null } });
      },
      showNumbers(opened, ids) {
        if (opened) ids.forEach((id) => setProps(id, { value: state().get(id.name) ?? "" }));
      },
      showColumns(opened) {
        if (!opened) return;
        const chosen = state().getAll("columns");
        setProps(columnsControl, { value: chosen.length ? chosen : columnChoices().usual });
      },
    },
  });

  const grid = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});
  grid.keepOrder = () => 0;
  grid.sortChanged = (params) => {
    if (params.source !== "uiColumnSorted") return;
    const sorted = params.api.getColumnState().find((column) => column.sort);
    if (!sorted) return;
    shownSort = (sorted.sort === "desc" ? "-" : "") + sorted.colId;
    write({ sort: unlessDefault(shownSort, usualSort) });
  };

  const controls = (window.dashMantineFunctions = window.dashMantineFunctions || {});
  controls.keepOptions = ({ options }) => options;

  const cells = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
  const element = (...parts) => window.React.createElement(...parts);
  cells.Sentiment = ({ value }) =>
    value
      ? element("span", { className: `sentiment ${value.tone}` }, [
          element("span", { className: "badge", key: "label" }, value.label),
          element("span", { className: "score", key: "score" }, value.text),
        ])
      : element("span", { className: "missing" }, "—");
  cells.NameLink = ({ value, data }) =>
    data.organization_link ? element("a", { href: data.organization_link, className: "name-link" }, value) : value;
})();

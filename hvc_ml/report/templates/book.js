"use strict";
// The list of the book. Data come as JSON; every text is set as text, never as markup.
(() => {
  const app = document.getElementById("app");
  if (!app) return;
  const data = JSON.parse(document.getElementById("data").textContent);
  const count = data.rank.length;
  const PAGE = 50, PRINTED = 200;
  const el = (id) => document.getElementById(id);
  const text = (name, i) => data.texts[name].words[data.texts[name].at[i]];
  // Halves go to the even digit, as in every other file of the list.
  const number = (value, digits) =>
    value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits, roundingMode: "halfEven" });

  // Money: whole units from 100 up, to the cent below, as everywhere else in the product; `exact` always to the cent.
  function money(cents, exact = false) {
    if (cents === null) return "unknown";
    const size = Math.abs(cents);
    const digits = exact || (size < 9999.5 && Math.round(size) % 100 !== 0) ? 2 : 0;
    const words = number(size / 100, digits);
    return (cents < 0 && /[1-9]/.test(words) ? "-" : "") + data.money[0] + words + data.money[1];
  }
  // Figures, by their unit, as everywhere else in the product: whole from ten up, at most one decimal below.
  const positive = (words) => words.replace(/^-(?=[0.]+$)/, ""); // no minus zero
  const plain = (value) => positive(number(value, Math.abs(value) >= 9.95 ? 0 : 1).replace(/\.0$/, ""));
  const units = {
    money: (value) => money(100 * value),
    days: (value) => plain(value) + (plain(value) === "1" ? " day" : " days"),
    count: (value) => positive(number(value, 0)),
    share: (value) => plain(100 * value) + " %",
    ratio: (value) => (Math.abs(value) < 0.995 ? positive(number(value, 2)) : plain(value)),
    number: plain,
  };
  const written = (unit, value) => (value === null ? "unknown" : units[unit](value));
  const share = (risk) => written("share", risk);
  const family = (k) => data.families[data.parts.families[k]] || data.parts.families[k];

  function make(tag, attributes = {}, ...inside) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name === "class") made.className = value;
      else made.setAttribute(name, value);
    }
    made.append(...inside.filter((part) => part !== null).map((part) => (part instanceof Node ? part : String(part))));
    return made;
  }
  function draw(tag, attributes, ...inside) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...inside);
    return made;
  }
  const bar = (x, width, looks, height = 10) => draw("rect", { x, y: 0, width: Math.max(width, 0), height, class: looks });
  const strip = (attributes, ...inside) =>
    draw("svg", { viewBox: "0 0 1000 10", preserveAspectRatio: "none", "aria-hidden": "true", ...attributes }, ...inside);

  // ---- what a row shows ----
  const columns = [
    { key: "rank", head: "Rank", numeric: true, of: (i) => data.rank[i], show: (i) => number(data.rank[i], 0) },
    { key: "id", head: "Customer", of: (i) => data.id[i] },
    { key: "tier", head: "Tier", of: (i) => text("tier", i) },
    { key: "risk", head: "Churn risk", numeric: true, falls: true, of: (i) => data.risk[i], show: riskCell },
    { key: "at_risk", head: "Value at risk", numeric: true, falls: true, of: (i) => data.cents.value_at_risk[i], show: (i) => money(data.cents.value_at_risk[i]) },
    { key: "action", head: "Action", of: (i) => text("action", i), show: actionCell },
    { key: "gain", head: "Expected gain", numeric: true, falls: true, of: (i) => data.cents.expected_gain[i], show: (i) => money(data.cents.expected_gain[i]) },
    { key: "before", head: "Act before", numeric: true, of: (i) => text("act_before", i), show: (i) => text("act_before", i) },
    { key: "why", head: "Linked most with", wide: true, of: (i) => text("reason_1", i), show: (i) => text("reason_1", i) },
  ];
  function riskCell(i) {
    const risk = data.risk[i];
    return make("span", {}, share(risk), strip({ class: "track" }, bar(0, 1000, ""), bar(0, 1000 * Math.min(Math.max(risk || 0, 0), 1), "up")));
  }
  function actionCell(i) {
    return text("group", i) === "holdout" ? make("span", { class: "tag" }, "holdout: leave alone") : text("action", i);
  }
  function rowOf(i) {
    const row = make("tr", { role: "row" });
    if (text("group", i) === "holdout") row.className = "held";
    row.dataset.at = i;
    for (const column of columns) {
      const cell = make("td", { role: "cell", "data-label": column.head });
      if (column.numeric) cell.className = "number";
      if (column.wide) cell.className = "wide";
      if (column.key === "id") {
        const who = make("button", { type: "button", class: "who", "aria-haspopup": "dialog" }, data.id[i]);
        cell.append(who);
        cell.className = "wide-id";
      } else {
        const shown = column.show ? column.show(i) : column.of(i);
        cell.append(shown instanceof Node ? shown : String(shown));
      }
      row.append(cell);
    }
    return row;
  }

  // ---- search, filter, sort ----
  const state = { sort: "rank", down: false, page: 0, found: [] };
  const everyone = Array.from({ length: count }, (_, i) => i);
  let haystack = null; // built at the first search
  function searchable() {
    const fields = ["tier", "action", "owner", "channel", "reason_1", "reason_2", "reason_3"];
    const lower = fields.map((name) => ({ words: data.texts[name].words.map((w) => w.toLowerCase()), at: data.texts[name].at }));
    return everyone.map((i) => [data.id[i].toLowerCase(), ...lower.map((f) => f.words[f.at[i]])].join("\n"));
  }
  function kept() {
    const wanted = el("search").value.toLowerCase();
    const texts = { tier: el("by-tier").value, action: el("by-action").value, group: el("by-group").value };
    const main = el("by-family").value;
    let found = everyone;
    for (const [name, chosen] of Object.entries(texts)) {
      if (chosen !== "") found = found.filter((i) => data.texts[name].at[i] === Number(chosen));
    }
    if (main !== "") found = found.filter((i) => data.parts.main[i] === Number(main));
    if (wanted !== "") {
      haystack ??= searchable();
      found = found.filter((i) => haystack[i].includes(wanted));
    }
    return found;
  }
  function compare(a, b) {
    if (a === b) return 0;
    if (a === null || a === "") return 1; // what is unknown comes last
    if (b === null || b === "") return -1;
    return a < b ? -1 : 1;
  }
  function sorted(found) {
    const column = columns.find((c) => c.key === state.sort);
    const way = state.down ? -1 : 1;
    return found.slice().sort((i, j) => {
      const [a, b] = [column.of(i), column.of(j)];
      const unknown = a === null || a === "" || b === null || b === "";
      return (unknown ? compare(a, b) : way * compare(a, b)) || data.rank[i] - data.rank[j];
    });
  }
  function refresh() {
    state.found = sorted(kept());
    state.page = 0;
    const contact = state.found.filter((i) => text("group", i) === "contact");
    const total = (name) => contact.reduce((sum, i) => sum + data.cents[name][i], 0);
    el("found").textContent =
      `${number(state.found.length, 0)} of ${number(count, 0)} customers${data.listed > count ? " on this page" : ""}; ${number(contact.length, 0)} to contact, ` +
      `with ${money(total("value_at_risk"))} at risk and an expected gain of ${money(total("expected_gain"))}.`;
    for (const head of el("heads").children) {
      const mine = head.dataset.key === state.sort;
      head.setAttribute("aria-sort", mine ? (state.down ? "descending" : "ascending") : "none");
      head.querySelector(".way").textContent = mine ? (state.down ? " \u25BC" : " \u25B2") : "";
    }
    el("sort").value = state.sort + (state.down ? "-" : "+");
    page();
  }
  function page(rows = PAGE) {
    const pages = Math.max(1, Math.ceil(state.found.length / rows));
    state.page = Math.min(Math.max(state.page, 0), pages - 1);
    const first = state.page * rows;
    const shown = state.found.slice(first, first + rows);
    el("body").replaceChildren(...shown.map(rowOf));
    el("place").textContent = shown.length
      ? `${number(first + 1, 0)} to ${number(first + shown.length, 0)} of ${number(state.found.length, 0)}`
      : "Nobody fits.";
    el("before").disabled = state.page === 0;
    el("after").disabled = state.page === pages - 1;
  }
  function sortBy(key, down) {
    state.sort = key;
    state.down = down;
    refresh();
  }

  // ---- one customer ----
  let open = null;
  function customer(i) {
    open = i;
    el("customer-title").textContent = data.id[i];
    el("customer-body").replaceChildren(plan(i), facts(i), waterfall(i), sentences(i), spent(i), beside(i));
    const place = state.found.indexOf(i);
    el("earlier").disabled = place <= 0;
    el("later").disabled = place < 0 || place === state.found.length - 1;
    if (!el("customer").open) el("customer").showModal();
    el("customer").scrollTop = 0;
    el("customer-title").focus();
  }
  function facts(i) {
    const c = data.cents;
    const said = [
      ["Churn risk", share(data.risk[i]), `${data.leaving} within ${data.horizon} days`],
      ["Value at risk", money(c.value_at_risk[i]), "churn risk times value if kept"],
      ["Expected gain", money(c.expected_gain[i]), "of the action, after its costs"],
      ["Value if kept", money(c.value_if_kept[i]), `over ${data.horizon} days`],
      ["Future value", money(c.future_value[i]), `likely ${money(c.future_value_low[i])} to ${money(c.future_value_high[i])}`],
      ["Act before", text("act_before", i), `rank ${number(data.rank[i], 0)}, tier ${text("tier", i)}`],
    ];
    for (const [name, risks] of Object.entries(data.chances)) {
      const days = /^churn_risk_(\d+)d$/.exec(name);
      if (days) said.push([`Churn risk, first ${days[1]} days`, share(risks[i]), `${data.leaving} within them`]);
      else if (name === "downgrade_risk") said.push(["Downgrade risk", share(risks[i]), "chance of a lower tier"]);
      else said.push(["Upgrade chance", share(risks[i]), "chance of a higher tier"]);
    }
    return make("div", { class: "facts" }, ...said.map(([name, figure, says]) => make("div", {}, name, make("b", {}, figure), make("span", { class: "muted" }, says))));
  }
  function plan(i) {
    const box = make("div", { class: "plan" });
    if (text("group", i) === "holdout") {
      box.append(make("p", {}, make("b", {}, "Holdout: leave this customer alone. "), "Those who are left alone show what contacting the others does."));
      return box;
    }
    const how = [["by", text("channel", i)], ["owner:", text("owner", i)]].filter(([, words]) => words).map(([a, b]) => `${a} ${b}`).join(", ");
    box.append(make("p", {}, make("b", {}, text("action", i)), how ? `, ${how}` : ""));
    if (text("talking_points", i)) box.append(make("p", {}, text("talking_points", i)));
    return box;
  }
  function waterfall(i) {
    if (!data.parts.families) return make("div");
    const steps = data.parts.amounts
      .map((amounts, k) => ({ name: family(k), cents: amounts[i], order: k }))
      .filter((step) => step.cents !== 0)
      .sort((a, b) => Math.abs(b.cents) - Math.abs(a.cents) || a.order - b.order);
    const base = data.parts.base[i];
    const places = [0, base];
    for (const step of steps) places.push(places[places.length - 1] + step.cents);
    const sum = places[places.length - 1];
    const low = Math.min(...places), span = Math.max(Math.max(...places) - low, 1);
    const at = (cents) => (1000 * (cents - low)) / span;
    const line = (name, cents, from, to, looks, kind) => {
      const [left, right] = [Math.min(at(from), at(to)), Math.max(at(from), at(to))];
      const zero = draw("line", { x1: at(0), x2: at(0), y1: 0, y2: 10, class: "axis" });
      const figure = make("td", { class: "number" }, (kind === "step" && cents >= 0 ? "+" : "") + money(cents, true));
      figure.dataset.cents = cents;
      figure.dataset.kind = kind;
      return make("tr", { class: kind }, make("th", { scope: "row" }, name), make("td", { class: "bar" }, strip({}, zero, bar(left, Math.max(right - left, 2), looks))), figure);
    };
    const lines = [line("a typical customer", base, 0, base, "base", "start")];
    steps.forEach((step, k) => lines.push(line(step.name, step.cents, places[k + 1], places[k + 2], step.cents >= 0 ? "up" : "down", "step")));
    lines.push(line("value at risk", sum, 0, sum, "base", "total"));
    return make("div", {},
      make("h3", {}, "What the value at risk is linked with"),
      make("table", { class: "falls", "aria-label": "What the value at risk is linked with" }, make("tbody", {}, ...lines)),
      make("p", { class: "muted" }, "Links in the model, not causes. The lines add up to the value at risk."));
  }
  function sentences(i) {
    const told = [1, 2, 3].map((k) => text(`reason_${k}`, i)).filter((words) => words);
    return told.length ? make("div", {}, make("h3", {}, "In their own figures"), make("ul", { class: "plain" }, ...told.map((words) => make("li", {}, words)))) : make("div");
  }
  function spent(i) {
    if (!data.spent.length) return make("div");
    const values = data.spent.map((month) => month[i] ?? 0);
    const top = Math.max(...values, 1), wide = 1000 / values.length;
    const bars = values.map((cents, k) => {
      const high = (70 * Math.max(cents, 0)) / top;
      return draw("rect", { x: k * wide + 4, y: 70 - high, width: wide - 8, height: high, class: "up" });
    });
    const says = `Money spent in ${values.length} stretches of four weeks, the oldest first: ${values.map((c) => money(c)).join(", ")}`;
    const drawing = draw("svg", { viewBox: "0 0 1000 72", preserveAspectRatio: "none", role: "img", "aria-label": says }, draw("line", { x1: 0, x2: 1000, y1: 71, y2: 71, class: "axis" }), ...bars);
    return make("div", { class: "spent" },
      make("h3", {}, "Money spent in the last year, four weeks at a time"), drawing,
      make("div", { class: "ends" }, make("span", {}, "a year ago"), make("span", {}, `highest ${money(Math.max(...values))}`), make("span", {}, "the last four weeks")));
  }

  function beside(i) {
    const known = data.figures.filter((figure) => figure.own[i] !== null);
    if (!known.length) return make("div");
    const heads = ["Figure", "This customer", "Median of all", "Others below"];
    const line = ({ name, unit, median, own, below }) => make("tr", {},
      make("th", { scope: "row" }, name),
      make("td", { class: "number" }, written(unit, own[i])),
      make("td", { class: "number" }, written(unit, median)),
      make("td", { class: "number" }, below[i] === null ? "" : make("span", {}, `${below[i]} %`, strip({ class: "track" }, bar(0, 1000, ""), bar(0, 10 * below[i], "up")))));
    return make("div", {},
      make("h3", {}, "Beside all customers"),
      make("table", { class: "beside", "aria-label": "Beside all customers" },
        make("thead", {}, make("tr", {}, ...heads.map((head, k) => make("th", { scope: "col", class: k ? "number" : "" }, head)))),
        make("tbody", {}, ...known.map(line))),
      make("p", { class: "muted" }, "Others below: the share of all other customers whose figure is smaller, equal ones counted half."));
  }

  // ---- controls ----
  function choices(id, options, all = "all") {
    el(id).append(make("option", { value: "" }, all), ...options.map(([value, words]) => make("option", { value }, words)));
    el(id).addEventListener("change", refresh);
  }
  const words = (name) => data.texts[name].words.map((w, k) => [k, w]).sort((a, b) => compare(a[1], b[1]));
  choices("by-tier", data.texts.tier.words.map((w, k) => [k, w]));
  choices("by-action", words("action"));
  choices("by-group", words("group"));
  if (data.parts.families) {
    const there = new Set(data.parts.main);
    choices("by-family", data.parts.families.map((_, k) => [k, family(k)]).filter(([k]) => there.has(k)));
  } else el("family-label").hidden = true;

  for (const column of columns) {
    const sort = make("button", { type: "button" }, column.head, make("span", { class: "way", "aria-hidden": "true" }));
    sort.addEventListener("click", () => sortBy(column.key, state.sort === column.key ? !state.down : Boolean(column.falls)));
    const head = make("th", { scope: "col", role: "columnheader" }, sort);
    if (column.numeric) head.className = "number";
    head.dataset.key = column.key;
    el("heads").append(head);
    for (const [sign, way] of column.falls ? [["-", "highest first"], ["+", "lowest first"]] : [["+", "rising"], ["-", "falling"]]) {
      el("sort").append(make("option", { value: column.key + sign }, `${column.head}, ${way}`));
    }
  }
  el("sort").addEventListener("change", () => sortBy(el("sort").value.slice(0, -1), el("sort").value.endsWith("-")));
  el("search").addEventListener("input", refresh);
  el("search").form.addEventListener("submit", (event) => event.preventDefault());
  el("clear").addEventListener("click", () => {
    for (const id of ["search", "by-tier", "by-action", "by-family", "by-group"]) el(id).value = "";
    sortBy("rank", false);
  });
  const turn = (by) => () => { state.page += by; page(); el("list-title").scrollIntoView(); };
  el("before").addEventListener("click", turn(-1));
  el("after").addEventListener("click", turn(1));
  el("body").addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    if (row) customer(Number(row.dataset.at));
  });
  const step = (by) => () => { const next = state.found[state.found.indexOf(open) + by]; if (next !== undefined) customer(next); };
  el("earlier").addEventListener("click", step(-1));
  el("later").addEventListener("click", step(1));
  el("close").addEventListener("click", () => el("customer").close());
  el("customer").addEventListener("click", (event) => { if (event.target === el("customer")) el("customer").close(); });
  el("customer").addEventListener("close", () => {
    const row = el("body").querySelector(`tr[data-at="${open}"] .who`);
    if (row) row.focus();
  });
  el("customer").addEventListener("keydown", (event) => {
    if (event.key === "ArrowRight") step(1)();
    if (event.key === "ArrowLeft") step(-1)();
  });
  for (const link of document.querySelectorAll("nav a, .skip")) {
    // a frame without an address of its own (a mail's or MLflow's viewer) would lose the page on "#list"
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const place = document.getElementById(link.getAttribute("href").slice(1));
      place.scrollIntoView();
      place.setAttribute("tabindex", "-1");
      place.focus({ preventScroll: true });
    });
  }
  window.addEventListener("beforeprint", () => { state.page = 0; page(PRINTED); });
  window.addEventListener("afterprint", () => page());
  app.hidden = false;
  refresh();
})();

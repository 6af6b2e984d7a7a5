// The theme: as the system has it, or the one that was chosen.

const THEMES = ["", "light", "dark"];

function theme(name) {
  if (name) document.documentElement.dataset.theme = name;
  else delete document.documentElement.dataset.theme;
  one("#theme").title = `Theme: ${name || "as the system"}`;
  try {
    if (name) localStorage.setItem("replay-theme", name);
    else localStorage.removeItem("replay-theme");
  } catch {} // a page from a file may have no storage
}

function turn() {
  theme(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme ?? "") + 1) % THEMES.length]);
}

// What keys do.

const notOk = (cell) => cell.rank > 0;
const KEYS = {
  ArrowDown: () => step(1),
  ArrowUp: () => step(-1),
  ArrowRight: () => sideways(1),
  ArrowLeft: () => sideways(-1),
  n: () => step(1, notOk),
  p: () => step(-1, notOk),
  t: turn,
  "/": () => one("#search").select(),
  "?": () => one("#keys").click(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    if (!bits.hidden) bits.hidden = true;
    else if (event.target.id === "search" && event.target.value) event.target.value = "", filter();
    else if (!panel.hidden) hide();
    else event.target.blur();
    return;
  }
  if (event.target.matches("input, select")) {
    if (event.key !== "ArrowDown" || !event.target.matches("input")) return;
    if (left.length) go(left[0], place.column, false);
    event.preventDefault();
    return;
  }
  const inside = event.key.startsWith("Arrow") && (event.target.closest("pre") || (!event.target.closest("#matrix") && panel.hidden));
  if (!inside && KEYS[event.key]) {
    event.preventDefault();
    KEYS[event.key]();
  }
});

// A run that goes on.

async function poll() {
  try {
    const now = await (await fetch("state")).json();
    if (JSON.stringify([now.cases, now.columns.map((each) => each.name)]) !== JSON.stringify([data.cases, data.columns.map((each) => each.name)])) return location.reload();
    now.cells.forEach((cells, row) => cells.forEach((cell, column) => JSON.stringify(cell) !== JSON.stringify(data.cells[row][column]) && fill(row, column, cell)));
    const before = data.columns.map((column) => JSON.stringify(column.causes));
    data = { ...data, ...now };
    now.columns.forEach((column, number) => {
      if (JSON.stringify(column.causes) !== before[number]) causes(number);
      const card = one(`[data-column="${number}"]`);
      one(".counts", card).textContent = column.counts;
      one(".state", card).textContent = column.state;
      one(".state", card).hidden = !column.state;
      one(".state", card).classList.toggle("goes", column.running);
      const part = ([name, x, width]) => drawn("rect", { class: name, x, width, height: 4 });
      one(".bar", card).replaceChildren(...column.bar.map(part));
    });
    for (const head of all("#matrix .head")) passed(head);
    const running = now.columns.filter((column) => column.running);
    one("#live").hidden = !running.length;
    one("#live").textContent = running.map((column) => `${column.done} of ${column.planned}`).join(", ");
    compare();
    filter();
    setTimeout(poll, running.length ? 500 : 2000);
  } catch {
    one("#live").hidden = false;
    one("#live").textContent = "replay report --serve doesn't answer";
    setTimeout(poll, 2000);
  }
}

/** How many cases of a section are as they have to be, and how many there are. */
function passed(head) {
  const inside = rows.filter((row) => row.parentElement.dataset.section === head.dataset.section).map((row) => data.cells[Number(row.id.slice(1))]);
  all(".section td", head).forEach((td, column) => {
    const cells = inside.map((row) => row[column]).filter(Boolean);
    const fine = cells.filter((cell) => !cell.rank).length;
    td.textContent = fine < cells.length ? `${fine} of ${cells.length} OK` : fine || "";
    td.classList.toggle("less", fine < cells.length);
  });
}

function fill(row, column, cell) {
  const bad = cell?.end ? el("s.cl", {}, cell.code, " ", el("u", {}, cell.end)) : null;
  const closing = bad ?? (cell?.code ? el("s", {}, cell.code) : null);
  const made = cell ? [el(`a.${cell.class}${cell.end ? ".shut" : ""}`, { tabindex: "-1", href: href(row, column), "aria-label": cell.label }, el("b.word", {}, cell.word), closing)] : [];
  rows[row].children[column + 1].replaceChildren(...made);
}

// To begin with.

document.documentElement.classList.add("js");
new ResizeObserver(([tools]) => {
  const sticky = getComputedStyle(tools.target).position === "sticky";
  document.documentElement.style.setProperty("--tools", sticky ? `${tools.target.offsetHeight}px` : "0px");
}).observe(one(".tools"));
try {
  theme(localStorage.getItem("replay-theme") ?? "");
} catch {}
one("#theme").addEventListener("click", turn);
one("#keys").addEventListener("click", (event) => {
  const help = one("#help");
  help.hidden = !help.hidden;
  event.currentTarget.setAttribute("aria-expanded", String(!help.hidden));
});
one("#search").addEventListener("input", filter);
one("#section").addEventListener("change", filter);
one("#reset").addEventListener("click", reset);
one("#base")?.addEventListener("change", (event) => {
  base = Number(event.target.value);
  compare();
  filter();
});
for (const chip of all("[data-verdict]"))
  chip.addEventListener("click", () => {
    const name = chip.dataset.verdict;
    if (!wanted.delete(name)) wanted.add(name);
    chip.setAttribute("aria-pressed", String(wanted.has(name)));
    filter();
  });
addEventListener("hashchange", () => {
  const found = named();
  if (!found) return;
  if (rows[found.row].hidden) reset();
  mark(found.row, found.column);
  show();
  at(place.row, place.column).scrollIntoView({ block: "nearest", inline: "nearest" });
});
one("#matrix").addEventListener("focusin", (event) => {
  const found = event.target.closest("td");
  if (found) mark(Number(found.parentElement.id.slice(1)), found.cellIndex - 1);
});
compare();
filter();
const first = named();
if (first) go(first.row, first.column, true);
else mark(left.find((row) => data.cells[row].some(Boolean)) ?? 0, 0);
if (data.mode) poll();

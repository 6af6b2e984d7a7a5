"use strict";
// What the page does beside standing there. All that a peer said gets in as text, never as markup.

const one = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
let data = JSON.parse(one("#data").textContent);
const many = data.columns.length > 1;

/** An element: its name, with classes ('p.dim'), its attributes, and what is in it. */
function el(name, attributes, ...inside) {
  const [tag, ...classes] = name.split(".");
  const made = document.createElement(tag);
  if (classes.length) made.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
  made.append(...inside.flat(3).filter((each) => each != null && each !== ""));
  return made;
}

function drawn(name, attributes, ...inside) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...inside);
  return made;
}

const count = (n, noun, plural = noun + "s") => `${n.toLocaleString("en")} ${n === 1 ? noun : plural}`;

function time(us) {
  if (us == null) return "";
  if (us < 1e4) return `${(us / 1e3).toFixed(2)} ms`;
  return us < 1e6 ? `${(us / 1e3).toFixed(1)} ms` : `${(us / 1e6).toFixed(3)} s`;
}

// The table.

const rows = data.cases.map((_, number) => one("#r" + number));
const at = (row, column) => rows[row]?.children[column + 1].firstElementChild;
const known = data.cases.map(([id, title]) => `${id} ${title}`.toLowerCase());
let left = rows.map((_, number) => number); // the rows that the filters leave
const narrow = matchMedia("(max-width: 760px)");
const wanted = new Set();
let base = 0;

function compare() {
  data.cells.forEach((cells, row) =>
    cells.forEach((cell, column) => {
      const before = cells[base];
      const td = rows[row].children[column + 1];
      const change = cell && before && column !== base ? Math.sign(cell.rank - before.rank) : 0;
      td.className = change > 0 ? "worse" : change < 0 ? "better" : "";
      if (change) td.title = `${change > 0 ? "worse" : "better"} than ${data.columns[base].name}`;
      else td.removeAttribute("title");
    }),
  );
}

/** What a row is, of the things that can be asked for. */
function traits(row) {
  const cells = data.cells[row].filter(Boolean);
  const found = new Set(cells.map((cell) => cell.class));
  if (cells.some((cell) => cell.closing)) found.add("cl");
  if (many) {
    if (new Set(cells.map((cell) => cell.word + cell.closing)).size > 1) found.add("differ");
    const before = data.cells[row][base];
    if (before && cells.some((cell) => cell.rank > before.rank)) found.add("worse");
    if (before && cells.some((cell) => cell.rank < before.rank)) found.add("better");
  }
  return found;
}

const COMPARED = ["differ", "worse", "better"];

function filter() {
  const words = one("#search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const section = one("#section").value;
  const verdicts = [...wanted].filter((each) => !COMPARED.includes(each));
  const compared = [...wanted].filter((each) => COMPARED.includes(each));
  const counts = {};
  left = [];
  rows.forEach((row, number) => {
    const inside = !section || row.parentElement.dataset.section === section;
    const has = (word) => known[number].includes(word) || data.cases[number][0].startsWith(word);
    const found = inside && words.every(has);
    const is = found ? traits(number) : new Set();
    for (const each of is) counts[each] = (counts[each] ?? 0) + 1;
    const any = (some) => !some.length || some.some((each) => is.has(each));
    row.hidden = !(found && any(verdicts) && any(compared));
    if (!row.hidden) left.push(number);
  });
  const sections = new Set(left.map((number) => rows[number].parentElement.dataset.section));
  for (const body of all("#matrix tbody")) {
    const shown = all("tr[id]:not([hidden])", body).length;
    body.hidden = body.className === "head" ? !sections.has(body.dataset.section) : !shown;
    if (shown) body.style.containIntrinsicHeight = `auto ${shown * (narrow.matches ? 41 : 31)}px`;
  }
  for (const chip of all("[data-verdict]")) {
    const number = counts[chip.dataset.verdict] ?? 0;
    one("span", chip).textContent = number;
    chip.classList.toggle("idle", !number);
  }
  one("#none").hidden = left.length > 0;
  const shown = left.length === rows.length ? "" : `${left.length} of ${count(rows.length, "case")}`;
  one("#shown").textContent = shown;
}

function reset() {
  one("#search").value = "";
  one("#section").value = "";
  wanted.clear();
  for (const chip of all("[data-verdict]")) chip.setAttribute("aria-pressed", "false");
  filter();
}

// Where one is: a cell of the table, and, if it is open, its case.

let place = { row: 0, column: 0 };

function mark(row, column) {
  at(place.row, place.column)?.setAttribute("tabindex", "-1");
  place = { row, column };
  at(row, column)?.setAttribute("tabindex", "0");
}

function go(row, column, open) {
  if (!data.cells[row]?.[column]) return;
  mark(row, column);
  const cell = at(row, column);
  if (open) history.replaceState(null, "", cell.getAttribute("href"));
  if (open) show();
  else cell.focus({ preventScroll: true });
  cell.scrollIntoView({ block: "nearest", inline: "nearest" });
}

/** The next row in a direction that is shown, and, if need be, has a verdict of some kind. */
function next(step, fits = () => true) {
  const after = left.filter((row) => (step > 0 ? row > place.row : row < place.row));
  if (step < 0) after.reverse();
  return after.find((row) => data.cells[row][place.column] && fits(data.cells[row][place.column]));
}

function step(by, fits) {
  const row = next(by, fits);
  if (row !== undefined) go(row, place.column, !panel.hidden);
}

function sideways(by) {
  for (let column = place.column + by; column >= 0 && column < data.columns.length; column += by)
    if (data.cells[place.row][column]) return go(place.row, column, !panel.hidden);
}

const href = (row, column) =>
  `#${encodeURIComponent(data.columns[column].name)}/${encodeURIComponent(data.cases[row][0])}`;

/** The place that the address of the page names. */
function named() {
  const [name, id] = location.hash.slice(1).split("/").map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return "";
    }
  });
  const column = data.columns.findIndex((each) => each.name === name);
  const row = data.cases.findIndex(([each]) => each === id);
  return row >= 0 && column >= 0 && data.cells[row][column] ? { row, column } : null;
}


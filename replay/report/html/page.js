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
  for (const body of all("#matrix tbody")) {
    const shown = all("tr[id]:not([hidden])", body).length;
    body.hidden = !shown;
    body.style.containIntrinsicHeight = `auto ${46 + shown * (narrow.matches ? 41 : 31)}px`;
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

// A case.

const panel = one("#panel");
let asked = 0;

async function inflated(base64) {
  const octets = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  const stream = new Blob([octets]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return JSON.parse(await new Response(stream).text());
}

async function detail(row, column) {
  if (data.mode) return (await fetch(`case?${new URLSearchParams({ column, id: data.cases[row][0] })}`)).json();
  const id = `#case-${column}-${row}`;
  if (!one(id) && document.readyState === "loading")
    await new Promise((done) => document.addEventListener("DOMContentLoaded", done));
  const chunk = one(id);
  return chunk ? inflated(chunk.textContent) : { fault: "left out, to keep this page small: make a report of fewer runs" };
}

function hide() {
  panel.hidden = true;
  document.body.classList.remove("open");
  for (const row of all("tr.current")) row.classList.remove("current");
  history.replaceState(null, "", location.pathname + location.search);
  at(place.row, place.column)?.focus({ preventScroll: true });
}

async function show() {
  const { row, column } = place;
  const ask = ++asked;
  const cell = data.cells[row][column];
  for (const other of all("tr.current")) other.classList.remove("current");
  rows[row].classList.add("current");
  const body = el("div.body", { "aria-busy": "true" });
  const was = panel.hidden;
  panel.hidden = false;
  document.body.classList.add("open");
  panel.replaceChildren(head(row, column, cell), body);
  panel.scrollTop = 0;
  if (was) panel.focus({ preventScroll: true });
  let said;
  try {
    said = await detail(row, column);
  } catch {
    said = { fault: "what is stored of this case can't be had" };
  }
  if (ask !== asked) return;
  body.replaceChildren(...told(said, cell));
  body.removeAttribute("aria-busy");
}

const pill = (cell) => el(`span.pill.${cell.class}`, {}, cell.label.replace(/^\S+ /, "").replace(/, .*/, ""));

function head(row, column, cell) {
  const [id, title] = data.cases[row];
  const move = (by, name, text) =>
    el("button.quiet", { type: "button", title: name, "aria-label": name, disabled: next(by) === undefined, onclick: () => step(by) }, text);
  const others = data.cells[row].map((each, number) =>
    each &&
    el(`a.run.${each.class}`, { href: href(row, number), "aria-current": number === column ? "true" : null }, data.columns[number].name, el("b", {}, each.closing && each.rank === 2 ? `${each.word} · ${each.closing}` : each.word)),
  );
  return el("header", {},
    el("div.bar", {}, move(-1, "Previous case", "↑"), move(1, "Next case", "↓"), el("a.link", { href: href(row, column) }, location.hash || href(row, column)),
      el("button.quiet", { type: "button", title: "Close (Esc)", "aria-label": "Close", onclick: hide }, "✕")),
    el("h2", {}, el("b", {}, id), " ", title),
    many ? el("p.runs", {}, others) : null,
    el("p.verdict", {}, pill(cell),
      el(`span.pill.${cell.closing ? "cl" : "quietly"}`, {}, cell.closing ? `closing ${cell.closing}` : "closing OK"),
      cell.note ? el("span.pill.quietly", {}, cell.note) : null,
      cell.took ? el("span.dim", {}, cell.took) : null),
  );
}

const section = (title, ...inside) => {
  const kept = inside.flat(2).filter(Boolean);
  return kept.length ? el("section", {}, el("h3", {}, title), kept) : null;
};

const lined = (lines) =>
  lines?.length
    ? el("pre.lines", { tabindex: "0" }, lines.map((line, number) => [number ? "\n" : null, line.map(([text, style]) => (style ? el(`span.${style}`, {}, text) : text))]))
    : null;

const pairs = (list) => list?.length ? el("dl.facts", {}, list.map(([key, value]) => el("div", {}, el("dt", {}, key), el("dd", {}, value)))) : null;

function told(said, cell) {
  if (said.fault) return [el("p.why", {}, said.fault), pairs(said.stored)];
  const { log } = said;
  const events = section("Expected and observed", said.events ? compared(said.events) : null, lined(said.octets), lined(said.where));
  const broken = rules(said);
  const apart = said.events?.rows.some(([, , , isApart]) => isApart);
  return [
    el("p.why", {}, said.why),
    cell.closing && said.closing && !said.closing.endsWith(said.why) ? el("p.why.also", {}, `closing ${said.closing}`) : null,
    ...(apart || !said.breaches?.rows.length ? [events, broken] : [broken, events]),
    said.original ? original(said.original) : null,
    section("Timeline", log ? timeline(log, said.tester) : null),
    log ? wirelog(said, log) : null,
    section("How it ended", pairs(said.facts)),
    section("Also", pairs([["agreed", said.agreed], ["rounds", said.rounds], ["expected", said.expected], ...(said.notes ?? []).map((note) => ["note", note])].filter(([, value]) => value)), commands(said)),
  ].filter(Boolean);
}

function compared(events) {
  const { rows: list, allowed } = events;
  const nothing = (text) => el("i.dim", {}, text);
  const dots = (n) => (n ? el("tr", {}, el("td"), el("td.dim", { colspan: "2" }, `… ${count(n, "more event")}`)) : null);
  const table = el("table.events", {},
    el("thead", {}, el("tr", {}, el("th", {}, "#"), el("th", {}, `expected (${events.verdict})`), el("th", {}, `observed (${events.side})`))),
    el("tbody", {},
      dots(events.before),
      list.map(([number, want, got, apart]) =>
        el(apart ? "tr.apart" : "tr", {}, el("td", {}, `${apart ? "✕ " : ""}${number}`), el("td", {}, want ?? nothing("nothing more")), el("td", {}, got ?? nothing("nothing more")))),
      list.length ? null : el("tr", {}, el("td"), el("td", {}, nothing("no message")), el("td", {}, nothing("no message"))),
      dots(events.behind)));
  if (allowed.length < 2) return [table];
  return [table, el("p.dim", {}, "The case allows:"), el("ul.allowed", {}, allowed.map(([verdict, text, came]) => el(came ? "li.came" : "li", {}, el("b", {}, verdict), ` ${text}`, came ? " — this came" : "")))];
}

function original(list) {
  return section("In the words of the report", pairs(list.map(([key, value]) => [key, value])));
}

function reference(text) {
  const found = /^RFC (\d+) §([\d.]+)$/.exec(text);
  if (!found) return text;
  const address = `https://www.rfc-editor.org/rfc/rfc${found[1]}#section-${found[2]}`;
  return el("a", { href: address, rel: "noreferrer noopener", target: "_blank" }, text);
}

function rules(said) {
  const list = said.breaches?.rows ?? [];
  const more = said.breaches?.more ? el("p.dim", {}, `and ${count(said.breaches.more, "more breach", "more breaches")}`) : null;
  const cards = list.map((each) =>
    el("div.rule.broken", {},
      el("p", {}, el("b", {}, reference(each.reference)), el("span.level", {}, each.level), each.sentence),
      el("p.dim", {}, `Octet ${each.octet} of what the ${each.by} sent: ${each.detail} `, el("code", {}, each.rule)),
      lined(each.lines)));
  const about = said.rule && !list.some((each) => each.rule === said.rule[3])
    ? el("div.rule", {}, el("p", {}, el("b", {}, reference(said.rule[0])), el("span.level", {}, said.rule[1]), said.rule[2]), el("p.dim", {}, "What the case is about"))
    : null;
  return section(list.length ? `Rules broken` : "Rule", cards, more, about);
}

// The timeline: what was sent when, from above to below.

const MOST = 60;

/** The class of what breaks a rule: the tester does so on purpose. */
const fault = (broken, tester) => (broken.length ? (broken.some((each) => each.by !== tester) ? ".bad" : ".meant") : "");

/** What happens, in order: a frame, the opening handshake, a timer, an end. */
function acts(log, tester) {
  const found = [];
  const seen = new Set();
  for (const entry of log.entries) {
    if (!entry) {
      found.push({ gap: log.left });
      continue;
    }
    const [number, us, side, what, broken] = entry;
    const act = (more) => found.push({ number, us, side, fault: fault(broken, tester), ...more });
    if (typeof what === "string") {
      const end = /^TCP DROPPED/.test(what);
      act({ said: what, kind: end ? "end" : "note" });
      continue;
    }
    let raw = 0;
    for (const [kind, frame, offset] of what) {
      if (kind === "head") act({ said: frame[0], kind: "head" });
      else if (kind === "frame" || (kind === "data" && !seen.has(frame))) {
        if (seen.has(frame)) continue;
        seen.add(frame);
        act({ said: log.frames[frame].said, kind: `f${log.frames[frame].opcode}`, frame });
      } else if (kind === "data" && offset && what[0][0] === "data") act({ said: `… of ${log.frames[frame].said}`, kind: "piece", frame });
      else if (kind === "raw") raw += frame.length / 2;
    }
    if (raw) act({ said: `${count(raw, "octet")} in no frame`, kind: "raw" });
  }
  return found;
}

function timeline(log, tester) {
  const list = acts(log, tester);
  const shown = list.length > MOST ? [...list.slice(0, MOST / 2), { gap: list.length - MOST }, ...list.slice(-MOST / 2)] : list;
  const jump = (number) => (event) => {
    event.preventDefault();
    const row = one(`[data-entry="${number}"]`, panel);
    row?.scrollIntoView({ block: "center" });
    row?.focus({ preventScroll: true });
  };
  const steps = shown.map((act) => {
    if (act.gap) return el("li.gap", {}, `… ${count(act.gap, "entry", "entries")} …`);
    const lane = act.kind === "note" ? "note" : `${act.side}${act.kind === "end" ? ".end" : ""}`;
    return el(`li.${lane}.${act.kind}${act.fault}`, {},
      el("time", {}, time(act.us)),
      el("a", { href: "#", onclick: jump(act.number) }, act.kind === "end" ? `TCP ended by the ${act.side}${/\((FIN|RST)\)/.exec(act.said)?.[0].replace("(", " (") ?? ""}` : act.said));
  });
  return [strip(list), el("ol.lanes", {}, el("li.sides", { "aria-hidden": "true" }, el("time"), el("b", {}, "client"), el("b", {}, "server")), steps)];
}

/** The same in proportion, from left to right: the client's frames above, the server's below. */
function strip(list) {
  const timed = list.filter((act) => act.us != null);
  const span = Math.max(...timed.map((act) => act.us), 1);
  if (timed.length < 2) return null;
  const x = (us) => 4 + (us / span) * 592;
  const marks = timed.filter((act) => act.kind !== "note").map((act) =>
    drawn("rect", { class: act.kind + act.fault.replace(".", " "), x: x(act.us) - 1.5, y: act.side === "client" ? 4 : 19, width: 3, height: 11, rx: 1 }, drawn("title", {}, `${time(act.us)} ${act.side}: ${act.said}`)));
  return el("div.strip", {}, el("span", {}, "client"), drawn("svg", { viewBox: "0 0 600 34", preserveAspectRatio: "none", role: "img", "aria-label": "Frames over time" }, drawn("line", { x1: 0, y1: 17, x2: 600, y2: 17 }), ...marks), el("span", {}, "server"), el("span.ends", {}, el("i", {}, "0"), el("i", {}, time(span))));
}

// The wire log.

const octets = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const hexed = (bytes) => [...bytes].map((octet) => octet.toString(16).padStart(2, "0")).join(" ");
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;
const visible = (text) => text.replace(HIDDEN, (char) => (char === "\n" ? "\\n" : `\\u{${char.codePointAt(0).toString(16)}}`));

function text(bytes) {
  try {
    return visible(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return null;
  }
}

const MODES = { text: "Text", hex: "Hex", sent: "As sent", inflated: "Inflated" };

function wirelog(said, log) {
  const body = el("ol.log");
  const packs = log.frames.some((frame) => frame.inflated);
  const marked = new Map([["client", new Set()], ["server", new Set()]]);
  for (const each of said.breaches?.rows ?? []) marked.get(each.by).add(each.octet);
  if (said.apart) marked.get(said.apart[0]).add(said.apart[1]);
  const draw = (mode) => {
    body.replaceChildren(...log.entries.map((entry) => (entry ? row(entry, log, mode, marked, said.tester) : el("li.gap", {}, `… ${count(log.left, "entry", "entries")} not shown …`))));
    for (const button of all(".modes button", body.parentElement ?? panel)) button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
  };
  const modes = Object.entries(MODES).filter(([mode]) => mode !== "inflated" || packs);
  const start = packs ? "inflated" : "text";
  const made = el("section", {},
    el("div.heading", {}, el("h3", {}, "Wire log"),
      el("div.modes", { role: "group", "aria-label": "Payloads" }, modes.map(([mode, name]) => el("button", { type: "button", "data-mode": mode, "aria-pressed": String(mode === start), onclick: () => draw(mode) }, name))),
      said.file ? el("a.file", { href: said.file[1], title: said.file[0] }, "whole log") : null),
    el("p.dim", {}, `TX is the ${log.recorder}. Point at a header (dotted) for its bits.`),
    body);
  draw(start);
  return made;
}

function row([number, us, side, what, broken], log, mode, marked, tester) {
  const direction = typeof what === "string" ? "" : side === log.recorder ? "TX" : "RX";
  const inside = typeof what === "string" ? el("span.note", {}, what) : what.map((piece) => drawPiece(piece, log, mode, marked.get(side)));
  const ends = typeof what === "string" ? [] : what.filter(([kind]) => kind === "frame").map(([, frame]) => log.frames[frame]).filter((frame) => frame.inflated && mode !== "inflated");
  return el(`li${direction ? "." + side : ".timer"}${fault(broken, tester)}`, { "data-entry": number, tabindex: "-1" },
    el("span.number", {}, String(number).padStart(3, "0")), el("time", {}, time(us)), el("b.way", { title: direction ? `the ${side} sent` : "" }, direction),
    el("div.octets", {}, inside,
      ends.map((frame) => el("p.inflated", {}, "= ", frame.inflated[0])),
      broken.map((each) => el("p.breach", {}, el("b", {}, reference(each.reference)), ` ${each.level}: ${each.sentence} `, el("span.dim", {}, `Octet ${each.octet}: ${each.detail}`)))));
}

function drawPiece([kind, frame, ...rest], log, mode, marked, tester) {
  const found = log.frames[frame];
  if (kind === "head") return el("div.head", {}, frame.map((line, number) => el(number ? "div" : "div.first", {}, line)));
  if (kind === "raw") return el("span.raw", {}, hexed(octets(frame)));
  if (kind === "more") return el("span.more", {}, frame == null ? " … more, not in the log" : ` … ${count(frame, "more octet")}`);
  if (kind === "frame") return [el(`span.frame.f${found.opcode}`, {}, found.opcode === 8 ? found.name : found.said), " ", header(found, rest[0])];
  const [from, hex] = rest;
  const bytes = octets(hex);
  const first = found.body + from;
  const spots = [...marked].map((octet) => octet - first).filter((spot) => spot >= 0 && spot < bytes.length).slice(0, 8).sort((a, b) => a - b);
  return el("span.data", {}, payload(bytes, spots, found, from, mode));
}

/** A payload with the octets at fault marked: as text if it is text, and text is asked for. */
function payload(bytes, spots, frame, from, mode) {
  const packed = frame.inflated;
  if (mode === "inflated" && packed) {
    const [, hex, total] = packed;
    const plain = octets(hex);
    const whole = text(plain) ?? hexed(plain);
    return el("span.text", {}, whole, plain.length < total ? el("span.more", {}, ` … ${count(total - plain.length, "more octet")}`) : "");
  }
  const cuts = [0, ...spots.flatMap((spot) => [spot, spot + 1]), bytes.length];
  const parts = cuts.slice(1).map((end, number) => [bytes.slice(cuts[number], end), number % 2 === 1]).filter(([part]) => part.length);
  if (mode === "text" && frame.rsv[0] === "0") {
    if (frame.opcode === 8 && !from) return el("span.text", {}, frame.length ? frame.said.replace(/^close /, "") : "");
    const texts = parts.map(([part, bad]) => [text(part), bad]);
    if (texts.every(([part]) => part !== null)) return texts.map(([part, bad]) => el(bad ? "mark.text" : "span.text", {}, part));
  }
  const key = octets(frame.key);
  const sent = mode === "sent" && key.length;
  let offset = from;
  return parts.map(([part, bad], number) => {
    const shown = sent ? part.map((octet, place) => octet ^ key[(offset + place) % 4]) : part;
    offset += part.length;
    return [number ? " " : "", el(bad ? "mark" : "span", {}, hexed(shown))];
  });
}

// The bits of a header, where one points at it.

const bits = one("#bits");

function header(frame, hex) {
  const shown = el(`span.header${frame.bad ? ".bad" : ""}`, { tabindex: "0", "aria-describedby": "bits" }, hexed(octets(hex)));
  for (const event of ["mouseenter", "focus", "click"]) shown.addEventListener(event, () => explain(shown, frame));
  for (const event of ["mouseleave", "blur"]) shown.addEventListener(event, () => (bits.hidden = true));
  return shown;
}

function explain(anchor, frame) {
  const field = (name, value, about, bad) => el(`div${frame.bad?.includes(bad ?? name) ? ".bad" : ""}`, {}, el("dt", {}, name), el("dd", {}, el("code", {}, value), el("span", {}, about)));
  const rsv = [...frame.rsv].map((bit, number) => (bit === "1" ? `RSV${number + 1}` : "")).filter(Boolean).join(", ");
  bits.replaceChildren(el("p", {}, `Octet ${frame.at} of what the ${frame.side} sent`),
    el("dl", {},
      field("FIN", String(frame.fin), frame.fin ? "the last frame of its message" : "more of the message follows"),
      field("RSV", frame.rsv, rsv || "none"),
      field("OPCODE", frame.opcode.toString(2).padStart(4, "0"), `${frame.opcode}: ${frame.name}`),
      field("MASK", frame.key ? "1" : "0", frame.key ? `key ${hexed(octets(frame.key))}` : "not masked"),
      field("LENGTH", String(frame.length), `in ${frame.form} bits`)));
  bits.hidden = false;
  const box = anchor.getBoundingClientRect();
  const space = bits.getBoundingClientRect();
  const top = box.bottom + 6 + space.height > innerHeight ? box.top - space.height - 6 : box.bottom + 6;
  bits.style.left = `${Math.max(8, Math.min(box.left, innerWidth - space.width - 8))}px`;
  bits.style.top = `${Math.max(8, top)}px`;
}

function commands(said) {
  return said.commands?.length ? el("pre.commands", { tabindex: "0" }, said.commands.join("\n")) : null;
}

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
    data = { ...data, ...now };
    now.columns.forEach((column, number) => {
      const card = one(`[data-column="${number}"]`);
      one(".counts", card).textContent = column.counts;
      one(".state", card).textContent = column.state;
      one(".state", card).hidden = !column.state;
    });
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

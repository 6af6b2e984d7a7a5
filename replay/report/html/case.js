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
  body.replaceChildren(...told(said, cell, cause(row, column)));
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

const lined = (drawn) =>
  drawn?.[0].length
    ? ["wide", "narrow"].map((width, at) =>
      el(`pre.lines.${width}`, { tabindex: "0" }, drawn[at].map((line, number) => [number ? "\n" : null, line.map(([text, style]) => (style ? el(`span.${style}`, {}, text) : text))])))
    : null;

const pairs = (list) => list?.length ? el("dl.facts", {}, list.map(([key, value]) => el("div", {}, el("dt", {}, key), el("dd", {}, value)))) : null;

function told(said, cell, cause) {
  if (said.fault) return [el("p.why", {}, said.fault), pairs(said.stored), cause].filter(Boolean);
  const { log } = said;
  const events = section("Expected and observed", said.events ? compared(said.events) : null, lined(said.octets), lined(said.where));
  const broken = rules(said);
  const apart = said.events?.rows.some(([, , , isApart]) => isApart);
  return [
    el("p.why", {}, said.why),
    said.purpose ? el("p.purpose", {}, el("b", {}, "Does "), said.purpose[0], el("br"), el("b", {}, "Wants "), said.purpose[1]) : null,
    cell.closing && said.closing && !said.closing.endsWith(said.why) ? el("p.why.also", {}, `closing ${said.closing}`) : null,
    cause,
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
  const found = /^RFC (\d+) §([\d.]+)/.exec(text);
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
    ? el("div.rule", {}, el("p", {}, el("b", {}, reference(said.rule[0])), el("span.level", {}, said.rule[1]), said.rule[2]), list.length ? el("p.dim", {}, "What the case tests") : null)
    : null;
  return section(list.length ? "Rules broken" : "What the case tests", cards, more, about);
}


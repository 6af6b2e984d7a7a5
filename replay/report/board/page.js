"use strict";

const AT_ONCE = 6; // cases that this browser plays side by side
const EVERY = 1000; // ms between two looks at the server
const SERVER = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}`;
const WORDS = {
  o: "OK", n: "NON-STRICT", i: "INFORMATIONAL", u: "UNIMPLEMENTED", f: "FAILED",
  c: "closing failed", e: "failed as expected", q: "unjudged", ".": "not played yet",
};

const at = (id) => document.getElementById(id);

// What others have said gets into the page as text only.
function element(name, set = {}, ...children) {
  const made = Object.assign(document.createElement(name), set);
  made.append(...children);
  return made;
}

// What the server tells.

let revision = 0;
let cases = []; // [id, title]
let sections = {}; // their names
let agents = new Map(); // by their places
let chosen = null; // the place of the agent that is shown in full
let wanted = null; // the name of the one that will be
let cells = [];
let current = -1; // the case that is described
let failures = { known: "", listed: [], more: 0 };

async function asked(target) {
  const answer = await fetch(target, { cache: "no-store", signal: AbortSignal.timeout(10000) });
  if (!answer.ok) throw new Error(answer.statusText);
  return answer.json();
}

async function look() {
  try {
    const told = await asked(`/progress?since=${revision}`);
    if (told.cases) {
      if (cases.length && JSON.stringify(cases) !== JSON.stringify(told.cases)) return location.reload();
      [cases, sections] = [told.cases, told.sections];
      agents = new Map();
      at("total").textContent = cases.length;
      if (!cells.length) drawCells();
    }
    revision = told.revision;
    const changed = Object.entries(told.agents);
    for (const [place, agent] of changed) agents.set(Number(place), agent);
    if (changed.length || told.cases) draw(changed.map(([place]) => Number(place)));
    await explain();
    linked("live", "live");
    return true;
  } catch {
    linked("lost", "the server doesn't answer");
    revision = 0; // it may be another one when it does
    return false;
  }
}

function linked(state, said) {
  if (at("link").textContent !== said) at("link").textContent = said;
  at("link").className = state;
}

async function explain() {
  const agent = agents.get(chosen);
  if (!agent) return;
  const known = `${chosen} ${agent.marks}`;
  if (failures.known === known) return;
  const some = /[fce]/.test(agent.marks);
  const told = some ? await asked(`/failures?agent=${encodeURIComponent(agent.name)}`) : { failures: [], more: 0 };
  failures = { known, listed: told.failures, more: told.more };
  drawFailures(agent);
  describe();
}

// What is shown of it.

const over = (agent) => agent.judged === cases.length;
const bad = (agent) => (agent.counts.FAILED || 0) + agent.closing - agent.expected;

function draw(changed) {
  at("nobody").hidden = agents.size > 0;
  at("agents").hidden = agents.size === 0;
  const found = wanted === null ? undefined : [...agents].find(([, agent]) => agent.name === wanted);
  if (found) [chosen, wanted] = [found[0], null];
  if (!agents.has(chosen)) chosen = agents.size ? [...agents.keys()].at(-1) : null;
  for (const place of changed) drawRow(place);
  for (const row of at("rows").children) {
    if (!agents.has(Number(row.dataset.place))) row.remove();
    else row.classList.toggle("chosen", Number(row.dataset.place) === chosen);
  }
  at("open").hidden = chosen === null;
  if (chosen !== null) drawAgent(agents.get(chosen));
}

function drawRow(place) {
  const agent = agents.get(place);
  let row = [...at("rows").children].find((one) => Number(one.dataset.place) === place);
  if (!row) {
    const name = element("button", { type: "button", textContent: agent.name });
    name.addEventListener("click", () => choose(place));
    row = element("tr", {},
      element("td", {}, name),
      element("td", { className: "wide" }, element("div", { className: "bar" })),
      element("td", { className: "number" }), element("td"), element("td"));
    row.dataset.place = place;
    at("rows").append(row);
  }
  const [, bar, judged, failed, state] = row.children;
  bar.firstChild.replaceChildren(...[..."onuqcfei"].map((mark) => {
    const part = element("i", { className: mark });
    part.style.width = `${(100 * count(agent.marks, mark)) / cases.length}%`;
    return part;
  }).filter((part) => part.style.width !== "0%"));
  judged.textContent = `${agent.judged} of ${cases.length}`;
  failed.textContent = bad(agent) ? `✕ ${bad(agent)} failed` : agent.judged ? "none failed" : "";
  failed.className = bad(agent) ? "some" : "note";
  state.textContent = over(agent) || agent.finished ? "done" : "running";
}

const count = (marks, mark) => marks.split(mark).length - 1;

function choose(place) {
  [chosen, current] = [place, -1];
  draw([]);
  explain().catch(() => {});
}

function drawCells() {
  const groups = new Map();
  cases.forEach(([id], number) => {
    const first = id.split(".")[0];
    const section = first !== id && Object.hasOwn(sections, first) ? first : "";
    if (!groups.has(section)) groups.set(section, []);
    groups.get(section).push(number);
  });
  cells = Array(cases.length);
  for (const [section, numbers] of groups) {
    const row = element("div", { className: "cells" });
    for (const number of numbers) {
      const cell = element("button", { type: "button", className: "cell", tabIndex: -1 });
      cell.dataset.number = number;
      cells[number] = cell;
      row.append(cell);
    }
    const heading = element("h4", { textContent: section ? `${section} ` : "Cases" });
    if (section) heading.append(element("span", { textContent: sections[section] }));
    at("matrix").append(heading, row);
  }
  if (cells.length) cells[0].tabIndex = 0;
}

function drawAgent(agent) {
  at("name").textContent = agent.name;
  const marks = [..."onifuce."].filter((mark) => agent.marks.includes(mark));
  at("legend").replaceChildren(...marks.map((mark) => element("li", {},
    element("span", { className: `cell ${mark}`, ariaHidden: "true" }),
    element("span", { textContent: WORDS[mark] }),
    element("b", { textContent: count(agent.marks, mark) }))));
  for (let number = 0; number < cells.length; number++) {
    const mark = agent.marks[number];
    const name = mark === "." ? "cell" : `cell ${mark}`;
    if (cells[number].className !== name || !cells[number].title) {
      cells[number].className = name;
      cells[number].title = `${cases[number][0]} ${cases[number][1]}: ${WORDS[mark]}`;
      cells[number].ariaLabel = cells[number].title;
    }
  }
  describe();
}

function drawFailures(agent) {
  const total = failures.listed.length + failures.more;
  at("failed").textContent = total ? `${total} failed` : over(agent) ? "Nothing failed" : "Nothing failed so far";
  const alike = new Map(); // what is wrong, once, with the cases of which that is so
  for (const failure of failures.listed) {
    const key = `${failure.verdict} ${failure.why}`;
    alike.set(key, [...(alike.get(key) || []), failure]);
  }
  at("failures").replaceChildren(...[...alike.values()].map((same) => {
    const ids = same.map(({ id }) => element("button", { type: "button", className: "id", textContent: id }));
    return element("li", {},
      element("span", { className: `cell ${same[0].mark}`, ariaHidden: "true" }),
      element("p", {}, element("em", { textContent: same[0].verdict }), " ", element("span", { textContent: same[0].why })),
      element("div", {}, ...ids));
  }));
  if (failures.more) at("failures").append(element("li", {}, element("span"), element("p", { textContent: `and ${failures.more} more` })));
}

at("failures").addEventListener("click", (event) => {
  if (event.target.className !== "id") return;
  const number = cases.findIndex(([id]) => id === event.target.textContent);
  go(number);
  cells[number].focus();
});

function describe() {
  cells.forEach((cell, number) => cell.setAttribute("aria-pressed", String(number === current)));
  const agent = agents.get(chosen);
  if (current < 0 || !agent) {
    at("case").replaceChildren(element("span", { textContent: "A case says here what it is about." }));
    return;
  }
  const [id, title] = cases[current];
  const failure = failures.listed.find((one) => one.id === id);
  at("case").replaceChildren(
    element("b", { textContent: id }), title, element("br"),
    element("span", { textContent: failure ? `${failure.verdict}: ${failure.why}` : WORDS[agent.marks[current]] }));
}

function go(number) {
  for (const cell of cells) cell.tabIndex = -1;
  current = number;
  cells[number].tabIndex = 0;
  describe();
}

at("matrix").addEventListener("click", (event) => {
  const cell = event.target.closest(".cell");
  if (cell) go(Number(cell.dataset.number));
});

at("matrix").addEventListener("keydown", (event) => {
  const from = Number(event.target.dataset.number);
  const step = { ArrowLeft: -1, ArrowRight: 1, Home: -cells.length, End: cells.length }[event.key];
  let to = step === undefined ? -1 : Math.max(0, Math.min(cells.length - 1, from + step));
  if (event.key === "ArrowUp" || event.key === "ArrowDown") to = beside(from, event.key === "ArrowDown" ? 1 : -1);
  if (to < 0) return;
  event.preventDefault();
  go(to);
  cells[to].focus();
});

// The nearest case in the next row, above or below.
function beside(from, way) {
  const here = cells[from].getBoundingClientRect();
  let best = -1;
  let least = Infinity;
  cells.forEach((cell, number) => {
    const there = cell.getBoundingClientRect();
    const down = way * (there.top - here.top);
    const far = down * 1000 + Math.abs(there.left - here.left);
    if (down > 1 && far < least) [best, least] = [number, far];
  });
  return best;
}

// The client in this browser.

let run = null;

// Opens a connection and sends every message back; a promise of what came, once it has ended.
function connected(target, echo, sockets) {
  return new Promise((resolve) => {
    const socket = new WebSocket(SERVER + target);
    const seen = { opened: false, text: null };
    socket.binaryType = "arraybuffer";
    sockets.add(socket);
    socket.onopen = () => { seen.opened = true; };
    socket.onmessage = (event) => {
      if (echo && socket.readyState === WebSocket.OPEN) socket.send(event.data);
      else seen.text = event.data;
    };
    socket.onclose = () => {
      socket.onopen = socket.onmessage = socket.onclose = null;
      sockets.delete(socket);
      resolve(seen);
    };
  });
}

async function play(agent) {
  const own = { stopped: false, gone: false, sockets: new Set(), next: 1, done: 0, refused: 0, count: 0, began: performance.now() };
  run = own;
  wanted = agent;
  const query = `agent=${encodeURIComponent(agent)}`;
  const count = Number((await connected("/getCaseCount", false, own.sockets)).text);
  if (own.stopped) return "stopped";
  if (!count) return "the server doesn't say how many cases there are";
  own.count = count;
  tell(own);
  const worker = async () => {
    while (!own.stopped && own.next <= count) {
      const seen = await connected(`/runCase?case=${own.next++}&${query}`, true, own.sockets);
      if (own.stopped) return;
      own.done++;
      own.refused = seen.opened ? 0 : own.refused + 1;
      tell(own);
      if (own.refused >= AT_ONCE && !(await look())) own.stopped = own.gone = true;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const took = `${((performance.now() - own.began) / 1000).toFixed(1)} s`;
  if (own.gone) return "the server doesn't answer any more";
  if (own.stopped) return `stopped after ${own.done} of ${count} cases, ${took}`;
  const heard = await connected(`/updateReports?${query}`, false, own.sockets);
  if (!heard.opened) return "the server doesn't answer any more";
  return `done: ${count} cases in ${took}`;
}

function tell(own) {
  at("said").textContent = `${own.done} of ${own.count} cases played, ${Math.min(AT_ONCE, own.count)} at once`;
  at("done").style.width = `${(100 * own.done) / own.count}%`;
  at("track").setAttribute("aria-valuemax", own.count);
  at("track").setAttribute("aria-valuenow", own.done);
}

function stop() {
  if (!run) return;
  run.stopped = true;
  for (const socket of run.sockets) socket.close();
}

function running(is) {
  at("start").hidden = at("agent").disabled = is;
  at("stop").hidden = !is;
  at("own").hidden = false;
  at(is ? "stop" : "start").focus({ preventScroll: true });
}

at("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const agent = at("agent").value.trim();
  if (run || !agent) return;
  at("said").textContent = "asking for the cases";
  at("done").style.width = "0";
  running(true);
  const said = await play(agent);
  run = null;
  running(false);
  at("said").textContent = said;
  look();
});
at("stop").addEventListener("click", stop);

// 'Chrome/131' or 'Firefox/133', as this browser names itself.
function browser() {
  const found = (name) => new RegExp(`\\b${name}/(\\d+)`).exec(navigator.userAgent);
  for (const [name, sign] of [["Edge", "Edg"], ["Opera", "OPR"], ["Firefox", "Firefox"], ["Chrome", "(?:Headless)?Chrome"], ["Safari", "Version"]]) {
    const version = found(sign);
    if (version) return `${name}/${version[1]}`;
  }
  return "browser";
}

at("agent").value = browser();
at("address").textContent = SERVER;
at("paths").textContent = `${SERVER}/getCaseCount\n${SERVER}/runCase?case=1&agent=NAME\n${SERVER}/updateReports?agent=NAME`;

(async () => {
  for (;;) {
    if (!document.hidden || run) await look();
    await new Promise((resolve) => setTimeout(resolve, EVERY));
  }
})();

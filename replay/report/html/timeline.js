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


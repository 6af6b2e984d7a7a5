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
  if (kind === "run") return el("span.more", {}, ` ${frame}`);
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


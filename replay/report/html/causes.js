// What is wrong: of each cause the shortest case, and the others.

const toCase = (column, row) => el("a", { href: href(row, column), title: data.cases[row][1] }, data.cases[row][0]);

const others = (column, list) =>
  list.length
    ? el("details", { open: list.length <= data.few }, el("summary", {}, count(list.length, "more case")), el("p", {}, list.flatMap((row) => [toCase(column, row), " "])))
    : null;

const entry = (column, cause) =>
  el("li", {}, el("p", {}, cause.words, " ", el("b", {}, count(cause.others.length + 1, "case"))),
    el("p.example", {}, toCase(column, cause.example), " ", cause.why),
    others(column, cause.others));

/** The list as the page has it to begin with, while a run goes on. */
function causes(column) {
  const found = data.columns[column].causes;
  const section = one(`[data-causes="${column}"]`);
  section.hidden = !found.length;
  one("summary span", section).textContent = count(found.length, "cause");
  one("ol", section).replaceChildren(...found.map((cause) => entry(column, cause)));
}

/** Of a case: what is wrong in it and in others, and which those are. */
function cause(row, column) {
  const found = data.columns[column].causes.find((each) => each.example === row || each.others.includes(row));
  if (!found) return null;
  const rest = [found.example, ...found.others].filter((each) => each !== row);
  return section("Cause", el("p", {}, found.words), rest.length ? others(column, rest) : el("p.dim", {}, "No other case fails for it."));
}


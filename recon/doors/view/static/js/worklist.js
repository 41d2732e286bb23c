// All results, the worst first; filter and search.

import { data } from "./data.js";
import { byId, fill, h, say } from "./dom.js";

const MOST = 400;
const MARKS = { REJECT: "✕", UNREADABLE: "⚠", REVIEW: "◐", UNJUDGED: "?", PASS: "✓" };
const STATES = { "": "any state", open: "undecided", decided: "decided", disputed: "readers differ", look: "needs a look" };

export const list = { cases: [], chosen: "", revision: "" };
let search, verdicts, states, lines, count, choose;

export const tag = (verdict) => h("span", { className: `tag ${verdict.toLowerCase()}` }, `${MARKS[verdict] ?? "?"} ${verdict}`);

export function build(onChoose) {
  choose = onChoose;
  search = h("input", { id: "search", type: "search", placeholder: "search", "aria-label": "Search name, patient, task, reason", oninput: show });
  verdicts = h("select", { "aria-label": "Verdict", onchange: show }, h("option", { value: "" }, "any verdict"), Object.keys(MARKS).map((one) => h("option", {}, one)));
  states = h("select", { "aria-label": "Decision", onchange: show }, Object.entries(STATES).map(([value, title]) => h("option", { value }, title)));
  count = h("p", { id: "count", "aria-live": "polite" });
  lines = h("ul", { id: "cases" });
  fill(byId("worklist"), h("h2", {}, "Worklist"), h("div", { className: "filters" }, search, verdicts, states), count, lines);
}

export async function load() {
  try {
    const found = await data.ask("api/cases");
    Object.assign(list, found);
    show();
  } catch (error) {
    say(error.message, true);
  }
}

export function replace(line) {
  list.cases = list.cases.map((one) => (one.key === line.key ? line : one));
  show();
}

export const focusSearch = () => search.focus();

export function step(by) {
  const shown = matching();
  const place = shown.findIndex((one) => one.key === list.chosen);
  const next = shown[Math.min(shown.length - 1, Math.max(0, place + by))];
  if (next && next.key !== list.chosen) choose(next.key);
}

export function nextOpen() {
  const shown = matching();
  const place = shown.findIndex((one) => one.key === list.chosen);
  const next = [...shown.slice(place + 1), ...shown.slice(0, place)].find((one) => !current(one).length);
  if (next) choose(next.key);
  else say("every result that is listed is decided");
}

const current = (one) => one.decisions.filter((decision) => decision.current);

function matching() {
  const wanted = search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  return list.cases.filter((one) => {
    const text = [one.name, one.patient, one.task, one.why, one.taken].join(" ").toLowerCase();
    return wanted.every((word) => text.includes(word)) && (!verdicts.value || one.verdict === verdicts.value) && inState(one, states.value);
  });
}

function inState(one, state) {
  const choices = new Set(current(one).map((decision) => decision.choice));
  if (state === "open") return choices.size === 0;
  if (state === "decided") return choices.size > 0;
  if (state === "disputed") return choices.size > 1;
  if (state === "look") return choices.has("look");
  return true;
}

export function show() {
  const shown = matching();
  const open = shown.filter((one) => !current(one).length).length;
  count.textContent = `${shown.length} of ${list.cases.length} results, ${open} undecided`;
  fill(lines, shown.slice(0, MOST).map(lineOf), shown.length > MOST ? h("li", { className: "note" }, `the first ${MOST}; search for the others`) : null);
}

function lineOf(one) {
  const decided = current(one).map(({ reader, choice }) => `${reader}: ${choice}`).join(", ");
  return h("li", {},
    h("button", { type: "button", className: "case", "data-key": one.key, "aria-current": one.key === list.chosen ? "true" : null, onclick: () => choose(one.key) },
      h("span", { className: "first" }, tag(one.verdict), h("strong", {}, one.name)),
      h("span", { className: "soft" }, [one.task, one.patient, one.taken].filter(Boolean).join(" · ")),
      one.why ? h("span", { className: "why" }, one.why) : null,
      decided ? h("span", { className: "decided" }, decided) : null));
}

export function mark(key) {
  list.chosen = key;
  for (const button of lines.querySelectorAll("button.case")) {
    if (button.dataset.key === key) {
      button.setAttribute("aria-current", "true");
      button.scrollIntoView({ block: "nearest" });
    } else button.removeAttribute("aria-current");
  }
}

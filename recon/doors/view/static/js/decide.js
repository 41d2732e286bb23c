// What a reader thinks of a result: kept at once, taken back as easily, and everybody's beside it.

import { data } from "./data.js";
import { byId, fill, h, say } from "./dom.js";
import { nextOpen, replace } from "./worklist.js";

const CHOICES = { accept: "Accept", look: "Needs a look", reject: "Reject" };
const KEYS = { accept: "A", look: "L", reject: "R" };
let shown = null;
let note = null;
let others = null;
let fate = null;

export function panel(found) {
  shown = found;
  if (!data.live) return null;
  note = h("textarea", { id: "note", rows: 2, maxLength: 4000, placeholder: "note", "aria-label": "Note to the decision" });
  others = h("ul", { className: "plain", id: "decisions" });
  fate = h("p", { id: "fate", className: "soft", "aria-live": "polite" });
  showDecisions();
  return h("section", { id: "decide", "aria-label": "Decision" },
    h("div", { className: "choices big" }, Object.entries(CHOICES).map(([choice, title]) =>
      h("button", { type: "button", "data-choice": choice, onclick: () => decide(choice) }, title, " ", h("kbd", {}, KEYS[choice])))),
    fate, note, others,
    h("div", { className: "choices" }, h("button", { type: "button", id: "undo", onclick: undo }, "Undo ", h("kbd", {}, "Z")), h("button", { type: "button", onclick: nextOpen }, "Next undecided ", h("kbd", {}, "Space"))));
}

export const focusNote = () => note?.focus();

export function refresh(line) {
  if (!shown || shown.key !== line.key) return;
  shown.decisions = line.decisions;
  shown.fate = line.fate;
  if (others) showDecisions();
}

function showDecisions() {
  fate.textContent = shown.fate ?? "";
  fate.hidden = !shown.fate;
  fill(others, shown.decisions.map((one) => h("li", { className: one.choice },
    h("strong", {}, `${one.reader}: ${CHOICES[one.choice].toLowerCase()}`), one.note ? ` – ${one.note}` : "",
    h("span", { className: "soft" }, ` ${one.made.slice(0, 16).replace("T", " ")} UTC${one.current ? "" : ", about an earlier result"}`))));
}

function reader() {
  const name = byId("reader").value.trim();
  if (!name) {
    byId("reader").focus();
    say("first your name, at the top: a decision has one", true);
  }
  return name;
}

export async function decide(choice) {
  if (!shown || !data.live) return;
  const name = reader();
  if (!name) return;
  await change(`api/cases/${shown.key}/decisions`, { reader: name, choice, note: note.value }, `${shown.name}: ${CHOICES[choice].toLowerCase()}, by ${name}`);
}

export async function undo() {
  if (!shown || !data.live) return;
  const name = reader();
  if (!name) return;
  await change(`api/cases/${shown.key}/undo`, { reader: name }, "", (line) => (line.taken_back ? `taken back: ${CHOICES[line.taken_back.choice].toLowerCase()}` : "nothing of yours stands here"));
}

async function change(path, given, done, worded) {
  try {
    const line = await data.tell(path, given);
    replace(line);
    refresh(line);
    note.value = "";
    say(worded ? worded(line) : done);
  } catch (error) {
    say(`not kept: ${error.message}`, true);
  }
}

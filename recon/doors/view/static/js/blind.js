// Blind reading: begin a study, answer its questions by keyboard, see what came out.

import { figure, table } from "./agreement.js";
import { data } from "./data.js";
import { byId, fill, h, say } from "./dom.js";
import { decoded } from "./frames.js";
import { paintWindow } from "./paint.js";
import { Pane } from "./pane.js";

const DESIGNS = { choice: "two side by side: which is better?", scale: "one at a time: marks from 1 (bad) to 5 (good)" };
const percent = (value) => `${Math.round(100 * value)} %`;
let room = null;
let open = null; // the question that is shown
let view = null;

const reader = () => {
  const name = byId("reader").value.trim();
  if (!name) {
    byId("reader").focus();
    say("first your name, at the top", true);
  }
  return name;
};

const trying = (action) => async (...given) => {
  try {
    return await action(...given);
  } catch (error) {
    say(error.message, true);
  }
};

export const enter = trying(async (element) => {
  room = element;
  open = null;
  const { studies } = await data.ask("api/studies");
  const name = h("input", { id: "study-name", required: true, maxLength: 200 });
  const question = h("input", { id: "study-question", maxLength: 200, value: "Which image would you rather read?" });
  const design = h("select", { id: "study-design" }, Object.entries(DESIGNS).map(([value, title]) => h("option", { value }, title)));
  const items = h("input", { id: "study-items", type: "number", min: 1, max: 400, value: 20 });
  const begin = trying(async () => {
    const begun = await data.tell("api/studies", { name: name.value, question: question.value, design: design.value, items: Number(items.value) });
    say(`begun, with ${begun.items} slices`);
    await enter(room);
  });
  fill(room, h("h2", {}, "Blind reading"),
    h("p", {}, "Before and after in random order, without names. Each reader gets an order of their own; a reload goes on with the same question."),
    studies.map(studyOf),
    h("section", { className: "form", "aria-label": "New study" }, h("h3", {}, "New study"),
      h("label", {}, "Name ", name), h("label", {}, "Question ", question), h("label", {}, "Design ", design), h("label", {}, "Slices, one a result ", items),
      h("button", { type: "button", id: "study-begin", onclick: begin }, "Begin")));
});

function studyOf(one) {
  const rows = one.design === "choice"
    ? [["reader", "answered", "after preferred (half: no difference)"], one.results.map((row) => [row.reader, row.answered, figure(row.preferred, percent)])]
    : [["reader", "answered", "mark before", "mark after", "gain"], one.results.map((row) => [row.reader, row.answered, figure(row.before), figure(row.after), figure(row.gain)])];
  return h("section", {}, h("h3", {}, one.name), h("p", { className: "soft" }, `${one.question} (${DESIGNS[one.design]}, ${one.questions} questions)`),
    one.gone ? h("p", { className: "soft" }, `${leftOut(one.gone)}; answers given before count.`) : null,
    h("button", { type: "button", "data-study": one.number, onclick: () => read(one.number) }, "Read"),
    one.results.length ? table("Results with 95 % intervals over slices", ...rows) : h("p", {}, "Nobody has answered yet."));
}

const leftOut = (gone) => `${gone === 1 ? "1 slice is" : `${gone} slices are`} asked no more, since the result is gone or was made again`;

const read = trying(async (number) => {
  const name = reader();
  if (name) await show(number, name, await data.ask(`api/studies/${number}/question?reader=${encodeURIComponent(name)}`));
});

async function show(number, name, question) {
  if (question.trial === null) {
    say(`all questions are answered; thank you${question.gone ? ` (${leftOut(question.gone)})` : ""}`);
    return enter(room);
  }
  const on = {
    point: () => {},
    scroll: () => {},
    zoom: (factor) => change({ zoom: Math.min(16, Math.max(1, view.zoom * factor)) }),
    pan: (right, down) => change({ centre: [view.centre[0] - down / view.zoom, view.centre[1] - right / view.zoom] }),
    window: () => {},
  };
  const panes = Array.from({ length: question.images }, (_, side) => new Pane(`side-${side}`, on));
  view = { zoom: 1, centre: [0.5, 0.5], crosshair: false, window: 0 };
  const answers = question.design === "choice" ? [["←", "left", 0], ["→", "right", 1]] : [1, 2, 3, 4, 5].map((mark) => [String(mark), "", mark]);
  fill(room, h("h2", {}, question.question), h("p", { className: "soft", id: "blind-progress" }, `question ${question.trial + 1} of ${question.questions}`),
    h("div", { id: "blind-pictures" }, panes.map((pane) => pane.element)),
    h("div", { className: "choices", role: "group", "aria-label": "Answer" },
      answers.map(([key, title, value]) => h("button", { type: "button", "data-answer": value, onclick: () => give(value) }, title ? `${title} ` : "", h("kbd", {}, key))),
      h("button", { type: "button", onclick: () => change({ window: (view.window + 1) % question.windows.length }) }, "next window ", h("kbd", {}, "W")),
      h("button", { type: "button", onclick: () => enter(room) }, "leave")));
  const images = await Promise.all(panes.map(async (_, side) =>
    decoded(await data.sliceAt(`api/studies/${number}/trials/${question.trial}/images/${side}?reader=${encodeURIComponent(name)}`))));
  const began = performance.now();
  const draw = () => panes.forEach((pane, side) => {
    const image = images[side];
    if (image) paintWindow(image, question.windows[view.window], pane.sheet(image.rows, image.columns));
    pane.show(view, { title: panes.length > 1 ? ["left", "right"][side] : "image", edges: ["", "", "", ""], spacing: question.spacing_mm, painted: Boolean(image), words: `question ${question.trial + 1}` });
  });
  const give = trying(async (value) => {
    if (open?.trial !== question.trial) return;
    open = null;
    const seconds = (performance.now() - began) / 1000;
    await show(number, name, await data.tell(`api/studies/${number}/answers`, { reader: name, trial: question.trial, answer: value, seconds }));
  });
  open = { trial: question.trial, give, draw, windows: question.windows.length, design: question.design };
  draw();
  room.dataset.trial = question.trial;
}

function change(what) {
  Object.assign(view, what);
  open?.draw();
}

// Keys while a question is open; true where one was meant for it.
export function pressed(key) {
  if (!open || room.hidden) return false;
  const choice = { ArrowLeft: 0, ArrowRight: 1 }[key];
  if (open.design === "choice" && choice !== undefined) open.give(choice);
  else if (open.design === "scale" && /^[1-5]$/.test(key)) open.give(Number(key));
  else if (key === "w") change({ window: (view.window + 1) % open.windows });
  else if (key === "+" || key === "-") change({ zoom: Math.min(16, Math.max(1, view.zoom * (key === "+" ? 1.25 : 0.8))) });
  else return false;
  return true;
}

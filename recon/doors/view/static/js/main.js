// The page: rooms, keys, and what happens when a case is chosen.

import * as agreement from "./agreement.js";
import * as blind from "./blind.js";
import { data } from "./data.js";
import * as decide from "./decide.js";
import { byId, fill, h, say } from "./dom.js";
import * as drift from "./drift.js";
import { evidenceOf } from "./evidence.js";
import * as keys from "./keys.js";
import * as viewer from "./viewer.js";
import * as worklist from "./worklist.js";

const EVERY_MS = 3000;
const ARROWS = { Up: [-1, 0], Down: [1, 0], Left: [0, -1], Right: [0, 1] };
const ROOMS = {
  cases: { title: "Cases", key: "C" },
  ...(data.live ? {
    agreement: { title: "Agreement", key: "T", enter: agreement.enter },
    blind: { title: "Blind reading", key: "B", enter: blind.enter },
    drift: { title: "Drift", key: "D", enter: drift.enter },
  } : {}),
};
let room = "cases";

async function choose(key, start = {}) {
  worklist.mark(key);
  const found = await viewer.open(key, start);
  if (found) fill(byId("evidence"), decide.panel(found), evidenceOf(found));
}

function enter(name) {
  room = name;
  for (const one of Object.keys(ROOMS)) {
    byId(`room-${one}`).hidden = one !== name;
    byId(`go-${one}`).setAttribute("aria-pressed", String(one === name));
  }
  ROOMS[name].enter?.(byId(`room-${name}`));
}

function bindings() {
  const { go, view } = viewer;
  const rooms = Object.entries(ROOMS).map(([name, { title, key }]) => ({ keys: [key], does: title, run: () => enter(name) }));
  const deciding = [
    { keys: ["a"], does: "accept", run: () => decide.decide("accept") },
    { keys: ["l"], does: "needs a look", run: () => decide.decide("look") },
    { keys: ["r"], does: "reject", run: () => decide.decide("reject") },
    { keys: ["z"], does: "take my last decision here back", run: decide.undo },
    { keys: ["n"], does: "write a note", run: decide.focusNote },
  ];
  return {
    Worklist: [
      { keys: ["j"], does: "next result", run: () => worklist.step(1) },
      { keys: ["k"], does: "result before", run: () => worklist.step(-1) },
      { keys: [" "], does: "next undecided", run: worklist.nextOpen },
      { keys: ["/"], does: "search", run: worklist.focusSearch },
    ],
    ...(data.live ? { Decision: deciding } : {}),
    Slices: [
      { keys: ["ArrowDown"], does: "next slice", run: () => go(view.index + 1) },
      { keys: ["ArrowUp"], does: "slice before", run: () => go(view.index - 1) },
      { keys: ["PageDown"], does: "ten slices on", run: () => go(view.index + 10) },
      { keys: ["PageUp"], does: "ten slices back", run: () => go(view.index - 10) },
      { keys: ["Home"], does: "first slice", run: viewer.first },
      { keys: ["End"], does: "last slice", run: viewer.last },
      { keys: ["x"], does: "worst slice", run: viewer.worst },
      { keys: ["u"], does: "where the interval is widest", run: viewer.widest },
      { keys: ["f"], does: "next slice where a check failed", run: () => viewer.failing() },
    ],
    Picture: [
      ...Object.entries(viewer.LAYOUTS).map(([name, title], place) => ({ keys: [String(place + 1)], does: title.toLowerCase(), run: () => viewer.layout(name) })),
      { keys: ["ArrowLeft"], does: "fade to before", run: () => viewer.fadeBy(-0.1) },
      { keys: ["ArrowRight"], does: "fade to after", run: () => viewer.fadeBy(0.1) },
      { keys: ["o"], does: "map over the image, on and off", run: viewer.toggleMap },
      { keys: ["["], does: "map from a smaller value on", run: () => viewer.thresholdBy(-0.05) },
      { keys: ["]"], does: "map from a larger value on", run: () => viewer.thresholdBy(0.05) },
      { keys: ["w"], does: "next window", run: viewer.nextPreset },
      { keys: ["+"], does: "closer", run: () => viewer.zoom(1.25) },
      { keys: ["-"], does: "further", run: () => viewer.zoom(0.8) },
      { keys: ["0"], does: "whole picture", run: viewer.whole },
      ...Object.entries(ARROWS).map(([name, [down, right]]) => ({ keys: [`Shift+Arrow${name}`], does: `look ${name.toLowerCase()}`, run: () => viewer.pan(0.08 * down, 0.08 * right) })),
      { keys: ["e"], does: "crosshair up", run: () => viewer.move(-1, 0) },
      { keys: ["d"], does: "crosshair down", run: () => viewer.move(1, 0) },
      { keys: ["s"], does: "crosshair left", run: () => viewer.move(0, -1) },
      { keys: ["g"], does: "crosshair right", run: () => viewer.move(0, 1) },
    ],
    Page: [...rooms, { keys: ["?"], does: "these keys", run: keys.help }],
  };
}

async function watch() {
  if (!document.hidden) {
    try {
      const { revision } = await data.ask("api/revision");
      if (revision !== worklist.list.revision) {
        await worklist.load();
        worklist.mark(worklist.list.chosen);
        for (const line of worklist.list.cases) decide.refresh(line);
      }
    } catch (error) {
      say(error.message, true);
    }
  }
  setTimeout(watch, EVERY_MS);
}

async function start() {
  fill(byId("rooms"), Object.entries(ROOMS).map(([name, { title, key }]) => h("button", { type: "button", id: `go-${name}`, onclick: () => enter(name) }, title, " ", h("kbd", {}, `⇧${key}`))));
  const reader = byId("reader");
  reader.value = localStorage.getItem("recon.reader") ?? "";
  reader.addEventListener("change", () => localStorage.setItem("recon.reader", reader.value.trim()));
  worklist.build(choose);
  viewer.build();
  keys.build(bindings(), { first: blind.pressed, everywhere: () => room === "cases" });
  enter("cases");
  await worklist.load();
  const kept = new URLSearchParams(location.hash.slice(1));
  const cases = worklist.list.cases;
  const key = cases.some((one) => one.key === kept.get("case")) ? kept.get("case") : cases[0]?.key;
  if (key) {
    const again = key === kept.get("case");
    await choose(key, again ? { index: Number.parseInt(kept.get("slice"), 10), layout: kept.get("layout") } : {});
  } else say("there is no result yet");
  if (data.live) setTimeout(watch, EVERY_MS);
  document.documentElement.dataset.ready = "true";
}

start();

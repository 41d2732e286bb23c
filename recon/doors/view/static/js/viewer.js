// The pictures of one case: layouts, window, map, crosshair, places to jump to.

import { data } from "./data.js";
import { byId, fill, h, number, say, words } from "./dom.js";
import { Frames, valueAt } from "./frames.js";
import { legendOf } from "./legend.js";
import { scaleOf } from "./maps.js";
import { paintDifference, paintFade, paintOver, paintUpTo, paintWindow } from "./paint.js";
import { Pane } from "./pane.js";
import { hidePlanes, showPlanes } from "./planes.js";
import { drawProfile } from "./profile.js";

export const LAYOUTS = { side: "Side by side", fade: "Fade", difference: "Difference", planes: "Three planes" };

const on = {
  point: (row, column) => set({ row, column, crosshair: true }),
  scroll: (step) => go(view.index + step),
  zoom: (factor) => set({ zoom: Math.min(16, Math.max(1, view.zoom * factor)) }),
  pan: (right, down) => pan(-down / view.zoom, -right / view.zoom),
  window: (wider, brighter) => {
    const { low, high } = view.window;
    const [middle, width] = [(low + high) / 2 + brighter * (high - low), (high - low) * Math.exp(wider)];
    set({ window: { name: "own", low: middle - width / 2, high: middle + width / 2 } });
  },
};
const panes = { left: new Pane("left", on), right: new Pane("right", on) };

export const view = { case: null, index: 0, layout: "side" };
let frames = null;
let profile = null;
let scheduled = false;
let controls = null;
let asked = 0;

export function build() {
  const slider = (id, label, properties, oninput) =>
    h("label", { className: "slider", id: `${id}-label` }, h("span", {}, label), h("input", { id, type: "range", oninput, ...properties }));
  controls = {
    layouts: h("div", { className: "choices", role: "group", "aria-label": "Layout" },
      Object.entries(LAYOUTS).map(([name, title]) =>
        h("button", { type: "button", "data-layout": name, onclick: () => set({ layout: name }) }, title))),
    windows: h("select", { id: "window", "aria-label": "Window", onchange: (event) => preset(event.target.selectedIndex) }),
    map: h("select", { id: "map", "aria-label": "Map over the image", onchange: (event) => show(event.target.value) }),
    threshold: slider("threshold", "from", { min: 0, max: 100, step: 0.5 }, (event) => set({ threshold: fromShare(event.target.value) })),
    thresholdValue: h("output", { id: "threshold-value" }),
    fade: slider("fade", "before – after", { min: 0, max: 1, step: 0.01, value: 0.5 }, (event) => set({ fade: Number(event.target.value) })),
    slice: h("input", { id: "slice", type: "range", min: 0, step: 1, "aria-label": "Slice", oninput: (event) => go(Number(event.target.value)) }),
    jumps: h("div", { className: "choices", role: "group", "aria-label": "Jump to" },
      h("button", { type: "button", id: "jump-worst", onclick: worst }, "Worst slice"),
      h("button", { type: "button", id: "jump-widest", onclick: widest }, "Widest interval"),
      h("button", { type: "button", id: "jump-failing", onclick: () => failing() }, "Next failed check")),
    profile: h("canvas", { id: "profile", role: "img", "aria-label": "Mean half-width of the interval, slice by slice" }),
    readout: h("p", { id: "readout" }),
    legend: h("div", { id: "legend" }),
    pictures: h("div", { id: "pictures" }, panes.left.element, panes.right.element),
    planes: h("div", { id: "planes", hidden: true }),
    empty: h("p", { id: "no-case" }, "Choose a result on the left."),
  };
  fill(byId("viewer"),
    h("div", { className: "bar" }, controls.layouts, controls.windows, controls.map, controls.threshold, controls.thresholdValue, controls.fade),
    controls.empty, controls.pictures, controls.planes, controls.legend, controls.readout, controls.profile, controls.slice, controls.jumps);
  controls.profile.addEventListener("click", (event) => {
    const box = controls.profile.getBoundingClientRect();
    if (view.case?.shape) go(Math.floor(((event.clientX - box.left) / box.width) * view.case.shape[0]));
  });
  new ResizeObserver(draw).observe(controls.pictures);
  draw();
}

export async function open(key, start = {}) {
  const turn = ++asked;
  frames?.close();
  frames = null;
  profile = null;
  let found;
  try {
    found = await data.ask(`api/cases/${key}`);
  } catch (error) {
    if (turn === asked) say(error.message, true);
    return null;
  }
  if (turn !== asked) return null;
  if (found.problem || !found.shape) {
    Object.assign(view, { case: found, index: 0 });
    say(found.problem ?? "this result holds no images", true);
    draw();
    return found;
  }
  const [slices, rows, columns] = found.shape;
  const index = Number.isInteger(start.index) && start.index >= 0 && start.index < slices ? start.index : found.first;
  const maps = Object.keys(found.planes).filter((plane) => plane !== "before" && plane !== found.after);
  Object.assign(view, {
    case: found, index, direction: 1, row: Math.floor(rows / 2), column: Math.floor(columns / 2), crosshair: false,
    zoom: 1, centre: [0.5, 0.5], window: { ...found.windows[0] }, fade: 0.5, map: "", threshold: found.threshold, maps,
    layout: start.layout in LAYOUTS ? start.layout : view.layout,
  });
  if (!found.planes.before && view.layout !== "planes") view.layout = "side";
  let profiled = false;
  frames = new Frames(key, slices, (plane, place) => {
    if (place === view.index) draw();
    if (profiled || plane !== found.after) return;
    profiled = true; // the first picture comes before everything else
    setTimeout(() => readProfile(key, turn), 500);
  });
  fill(controls.windows, found.windows.map(({ name }) => h("option", {}, name)), h("option", { disabled: true }, "own"));
  fill(controls.map, h("option", { value: "" }, "no map"), maps.map((plane) => h("option", { value: plane }, found.planes[plane])));
  controls.slice.max = slices - 1;
  say("");
  want();
  draw();
  return found;
}

async function readProfile(key, turn) {
  try {
    const read = turn === asked ? await data.ask(`api/cases/${key}/profile`) : null;
    if (turn !== asked) return;
    profile = read;
    if (profile) draw();
    else setTimeout(() => readProfile(key, turn), 400);
  } catch (error) {
    if (turn === asked) say(error.message, true);
  }
}

function set(change) {
  if (!view.case?.shape) return;
  Object.assign(view, change);
  if ("layout" in change || "map" in change) want();
  draw();
}

function needed() {
  const found = view.case;
  const both = found.planes.before ? ["before", found.after] : [found.after];
  const width = view.maps.find((plane) => plane === "uncertainty");
  return [...new Set([...both, width, view.map].filter(Boolean))];
}

const scale = () => scaleOf(view.case, view.map);
const show = (map) => set({ map, threshold: scaleOf(view.case, map).threshold });

const want = () => frames?.want(needed(), view.index, view.direction);

export function go(index) {
  if (!view.case?.shape) return;
  const place = kept(Math.min(view.case.shape[0] - 1, Math.max(0, index)));
  if (place === view.index) return;
  view.direction = place > view.index ? 1 : -1;
  view.index = place;
  want();
  draw();
}

// A page in one file holds some slices only: the next of them that way.
function kept(index) {
  const { kept: places } = view.case;
  if (!places) return index;
  const ahead = index > view.index ? places.filter((place) => place >= index) : places.filter((place) => place <= index).reverse();
  return ahead[0] ?? places.at(index > view.index ? -1 : 0);
}

export const first = () => go(0);
export const last = () => go(view.case?.shape?.[0] - 1);

export function worst() {
  if (!profile) return say("the map is still being read; try again in a moment");
  if (profile?.worst === null || profile?.worst === undefined) return say("no slice is worse than another as far as is known");
  go(profile.worst);
}

export function widest() {
  if (!profile) return say("the map is still being read; try again in a moment");
  if (!profile?.widest) return say("no interval is known of this result");
  go(profile.widest.index);
  set({ row: profile.widest.row, column: profile.widest.column, crosshair: true });
}

export function failing(name = null) {
  const found = view.case?.failing ?? {};
  const places = [...new Set(name ? (found[name] ?? []) : Object.values(found).flat())].sort((a, b) => a - b);
  if (!places.length) return say("no check failed in a single slice");
  go(places.find((place) => place > view.index) ?? places[0]);
  say(`failed in slice ${view.index + 1}: ${Object.keys(found).filter((check) => found[check].includes(view.index)).map(words).join(", ")}`);
}

export function pan(down, right) {
  const keep = (value) => Math.min(1, Math.max(0, value));
  set({ centre: [keep(view.centre?.[0] + down), keep(view.centre?.[1] + right)] });
}

export function move(down, right) {
  if (!view.case?.shape) return;
  const [, rows, columns] = view.case.shape;
  set({ row: Math.min(rows - 1, Math.max(0, view.row + down)), column: Math.min(columns - 1, Math.max(0, view.column + right)), crosshair: true });
}

export const zoom = (factor) => on.zoom(factor);
export const whole = () => set({ zoom: 1, centre: [0.5, 0.5], crosshair: false });
export const layout = (name) => set({ layout: name });
export const fadeBy = (step) => set({ layout: "fade", fade: Math.min(1, Math.max(0, view.fade + step)) });

export function preset(place) {
  const windows = view.case?.windows;
  if (windows?.[place]) set({ window: { ...windows[place] } });
}

export function nextPreset() {
  const windows = view.case?.windows ?? [];
  preset((windows.findIndex(({ name }) => name === view.window.name) + 1) % windows.length);
}

export function toggleMap() {
  if (!view.maps?.length) return say("this result has no map");
  show(view.map ? "" : view.maps[0]);
}

export function thresholdBy(part) {
  if (!view.case?.shape) return;
  if (!view.map) show(view.maps[0] ?? "");
  set({ threshold: Math.max(0, view.threshold + part * scale().widest) });
}

const fromShare = (share) => (Number(share) / 100) * scale().most;
const toShare = (value) => (100 * value) / scale().most;

function draw() {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(() => {
    scheduled = false;
    drawNow();
  });
}

function drawNow() {
  const found = view.case;
  const shown = Boolean(found?.shape);
  controls.empty.hidden = shown;
  controls.empty.textContent = found && !shown ? `The images of this result can't be shown: ${found.problem}` : "Choose a result on the left.";
  controls.pictures.hidden = !shown || view.layout === "planes";
  controls.planes.hidden = !shown || view.layout !== "planes";
  for (const name of ["legend", "readout", "profile", "slice", "jumps"]) controls[name].hidden = !shown;
  if (!shown || !frames) return;
  drawControls(found);
  if (view.layout === "planes") {
    showPlanes(controls.planes, found, view, ({ index, row, column }) => {
      go(index);
      set({ row, column, crosshair: true });
    });
  } else {
    hidePlanes();
    drawPictures(found);
  }
  legendOf(controls.legend, found, view);
  controls.readout.textContent = readout(found);
  drawProfile(controls.profile, profile, found, view.index);
  history.replaceState(null, "", `#case=${found.key}&slice=${view.index}&layout=${view.layout}`);
}

function drawControls(found) {
  for (const button of controls.layouts.children) {
    const name = button.dataset.layout;
    button.setAttribute("aria-pressed", String(name === view.layout));
    button.disabled = (!found.planes.before && (name === "fade" || name === "difference")) || (!data.live && name === "planes");
  }
  const place = found.windows.findIndex(({ name }) => name === view.window.name);
  controls.windows.selectedIndex = place < 0 ? found.windows.length : place;
  controls.map.value = view.map;
  controls.map.disabled = !view.maps.length;
  controls.threshold.hidden = controls.thresholdValue.hidden = !view.map;
  controls.threshold.querySelector("input").value = toShare(view.threshold);
  controls.threshold.querySelector("span").textContent = scale().below ? "up to" : "from";
  controls.thresholdValue.textContent = `${number(view.threshold)} ${scale().unit}`;
  controls.fade.hidden = view.layout !== "fade";
  controls.fade.querySelector("input").value = view.fade;
  controls.slice.value = view.index;
  controls.slice.setAttribute("aria-valuetext", `slice ${view.index + 1} of ${found.shape[0]}`);
  controls.jumps.querySelector("#jump-failing").disabled = !Object.keys(found.failing).length;
}

function drawPictures(found) {
  const before = found.planes.before ? frames.get("before", view.index) : null;
  const after = frames.get(found.after, view.index);
  const map = view.map ? frames.get(view.map, view.index) : null;
  const single = view.layout === "fade" || !found.planes.before;
  panes.left.element.hidden = !found.planes.before && view.layout !== "fade";
  panes.right.element.hidden = view.layout === "fade";
  const names = { before: found.planes.before ?? "before", after: "after" };
  if (view.layout === "fade") {
    picture(panes.left, `${names.before} ${Math.round(100 * (1 - view.fade))} %, after ${Math.round(100 * view.fade)} %`, before && after, map,
      (image) => paintFade(before, after, view.fade, view.window, image));
  } else if (view.layout === "difference") {
    picture(panes.left, "after less before", before && after, null, (image) => paintDifference(before, after, found.difference, image));
    picture(panes.right, "after", after, map, (image) => paintWindow(after, view.window, image));
  } else {
    if (!single) picture(panes.left, names.before, before, null, (image) => paintWindow(before, view.window, image));
    picture(panes.right, "after", after, map, (image) => paintWindow(after, view.window, image));
  }
}

function picture(pane, title, frame, map, paint) {
  const found = view.case;
  const where = `slice ${view.index + 1} of ${found.shape[0]}`;
  let text = where;
  if (frame) {
    const image = pane.sheet(frame.rows, frame.columns);
    paint(image);
    if (map) {
      const { below, unit, widest: strongest } = scale();
      const count = below ? paintUpTo(map, view.threshold, image) : paintOver(map, view.threshold, strongest, image);
      text = below ? `${where}, ${count} pixels where up to ${number(view.threshold)} is kept` : `${where}, ${count} pixels from ${number(view.threshold)} ${unit} on`;
    } else if (view.map && map === null) {
      text = `${where}, not measured: ${found.planes[view.map]}`;
    }
  } else {
    text = frame === undefined ? `${where} is on its way` : frames.problems.get(view.index) || `${where} has no result`;
  }
  pane.show(view, { title, edges: found.edges, spacing: found.spacing_mm, painted: Boolean(frame), words: text });
}

function readout(found) {
  const at = (plane) => valueAt(frames.get(plane, view.index), view.row, view.column);
  const [before, after, half] = [at("before"), at(found.after), at("uncertainty")];
  const unit = found.unit ? ` ${found.unit}` : "";
  const parts = [`slice ${view.index + 1} of ${found.shape[0]}`, `row ${view.row + 1}, column ${view.column + 1}`];
  if (before !== null) parts.push(`before ${number(before)}${unit}`);
  if (after !== null) parts.push(`after ${number(after)}${unit}`);
  if (after !== null && half !== null) parts.push(`${intervalName(found)} ${number(after - half)} to ${number(after + half)}${unit} (± ${number(half)})`);
  if (after !== null && half === null) parts.push("no interval");
  if (view.map === "survival") {
    const share = at("survival");
    parts.push(share === null ? "contrast kept: not measured here" : `a ${lesionName(found)} would show ${Math.round(100 * share)} % of its contrast`);
  }
  return parts.join("  ·  ");
}

function lesionName(found) {
  const [lesion] = found.report.probes ?? [];
  return lesion ? `${number(lesion.size_mm)} mm lesion of ${number(lesion.contrast)} ${lesion.unit ?? ""}`.trim() : "known lesion";
}

// A calibrated interval has a coverage; propagated noise claims none.
export function intervalName(found) {
  const { kind, coverage } = found.report.interval ?? {};
  if (kind === "none") return "no interval is claimed here; width:";
  if (kind && kind !== "calibrated") return `${words(kind)}, no coverage claimed:`;
  return Number.isFinite(coverage) && coverage > 0 ? `${Math.round(100 * coverage)} % interval` : "interval";
}

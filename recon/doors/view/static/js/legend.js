// What the colours mean, as a bar with its ends.

import { css, halfWidthColours, lessColours, moreColours } from "./colours.js";
import { fill, h, number } from "./dom.js";
import { scaleOf } from "./maps.js";

function bar(label, colour, low, high) {
  const canvas = h("canvas", { width: 128, height: 10, role: "img", "aria-label": label });
  const pen = canvas.getContext("2d");
  for (let x = 0; x < 128; x++) {
    pen.fillStyle = colour(x / 127);
    pen.fillRect(x, 0, 1, 10);
  }
  return h("span", { className: "scale" }, h("span", {}, `${label}: ${low}`), canvas, h("span", {}, high));
}

export function legendOf(element, found, view) {
  const unit = found.unit ? ` ${found.unit}` : "";
  const bars = [];
  const greys = (share) => `rgb(${255 * share} ${255 * share} ${255 * share})`;
  bars.push(bar("window", greys, number(view.window.low), `${number(view.window.high)}${unit}`));
  if (view.layout === "difference") {
    const two = (share) => (share < 0.5 ? css(lessColours, Math.round(255 * (1 - 2 * share))) : css(moreColours, Math.round(255 * (2 * share - 1))));
    bars.push(bar("after less before", two, number(-found.difference), `${number(found.difference)}${unit}`));
  }
  if (view.map) {
    const { below } = scaleOf(found, view.map);
    if (below) bars.push(bar(found.planes[view.map], (share) => css(halfWidthColours, Math.round(255 * (1 - share))), "nothing", "all of it"));
    else bars.push(bar(found.planes[view.map], (share) => css(halfWidthColours, Math.round(255 * share)), number(view.threshold), `${number(found.widest)}${unit} and more`));
  }
  for (const name of ["before", "uncertainty"]) if (found.missing[name]) bars.push(h("span", { className: "note" }, `${name}: ${found.missing[name]}`));
  fill(element, bars);
}

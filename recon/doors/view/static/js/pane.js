// One picture: a slice at the common zoom and place, the crosshair, the patient's sides.

import { h } from "./dom.js";

export class Pane {
  constructor(name, on) {
    this.on = on;
    this.caption = h("figcaption");
    this.canvas = h("canvas", { tabIndex: -1, role: "img" });
    this.element = h("figure", { className: "pane", "data-pane": name }, this.caption, this.canvas);
    this.buffer = document.createElement("canvas");
    this.image = null;
    this.#listen();
  }

  // an ImageData of the right size to paint into
  sheet(rows, columns) {
    if (!this.image || this.image.width !== columns || this.image.height !== rows) {
      this.buffer.width = columns;
      this.buffer.height = rows;
      this.image = this.buffer.getContext("2d").createImageData(columns, rows);
    }
    return this.image;
  }

  show(view, { title, edges, spacing, painted, words }) {
    this.caption.textContent = title;
    this.canvas.setAttribute("aria-label", `${title}, ${words}`);
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth, clientHeight } = this.canvas;
    const [width, height] = [Math.round(clientWidth * ratio), Math.round(clientHeight * ratio)];
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    const pen = this.canvas.getContext("2d");
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.fillStyle = "#05060a";
    pen.fillRect(0, 0, width, height);
    const letter = ratio * parseFloat(getComputedStyle(document.documentElement).fontSize);
    pen.font = `${letter}px system-ui, sans-serif`;
    if (!painted) {
      pen.fillStyle = "#c3c9d4";
      pen.textAlign = "center";
      pen.fillText(words, width / 2, height / 2);
      return;
    }
    this.buffer.getContext("2d").putImageData(this.image, 0, 0);
    const [, rowMm, columnMm] = spacing;
    const [rows, columns] = [this.image.height, this.image.width];
    const fit = Math.min(width / (columns * columnMm), height / (rows * rowMm)) * view.zoom;
    this.place = {
      across: fit * columnMm,
      down: fit * rowMm,
      left: width / 2 - view.centre[1] * columns * fit * columnMm,
      top: height / 2 - view.centre[0] * rows * fit * rowMm,
      ratio,
    };
    const { across, down, left, top } = this.place;
    pen.imageSmoothingEnabled = across < 3;
    pen.drawImage(this.buffer, left, top, columns * across, rows * down);
    if (view.crosshair) this.#cross(pen, view, width, height, ratio);
    pen.fillStyle = "#e6b450";
    pen.textAlign = "center";
    pen.strokeStyle = "#05060a"; // seen on bright tissue, too
    pen.lineWidth = letter / 4;
    const [west, east, north, south] = edges;
    for (const [side, x, y] of [[west, letter, height / 2], [east, width - letter, height / 2], [north, width / 2, 1.2 * letter], [south, width / 2, height - 0.6 * letter]]) {
      pen.strokeText(side, x, y);
      pen.fillText(side, x, y);
    }
  }

  #cross(pen, view, width, height, ratio) {
    const { across, down, left, top } = this.place;
    const [x, y] = [left + (view.column + 0.5) * across, top + (view.row + 0.5) * down];
    const gap = 14 * ratio;
    pen.strokeStyle = "#7fb2ff";
    pen.lineWidth = ratio;
    pen.beginPath();
    for (const [from, to] of [[[0, y], [x - gap, y]], [[x + gap, y], [width, y]], [[x, 0], [x, y - gap]], [[x, y + gap], [x, height]]]) {
      pen.moveTo(...from);
      pen.lineTo(...to);
    }
    pen.stroke();
  }

  #pixel(event) {
    if (!this.place || !this.image) return null;
    const box = this.canvas.getBoundingClientRect();
    const { across, down, left, top, ratio } = this.place;
    const column = Math.floor(((event.clientX - box.left) * ratio - left) / across);
    const row = Math.floor(((event.clientY - box.top) * ratio - top) / down);
    const inside = row >= 0 && column >= 0 && row < this.image.height && column < this.image.width;
    return inside ? [row, column] : null;
  }

  #listen() {
    let last = null;
    const canvas = this.canvas;
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      last = [event.clientX, event.clientY];
      if (event.button === 0 && !event.shiftKey) {
        const place = this.#pixel(event);
        if (place) this.on.point(...place);
      }
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!last) return;
      const [right, down] = [event.clientX - last[0], event.clientY - last[1]];
      last = [event.clientX, event.clientY];
      const box = canvas.getBoundingClientRect();
      if (event.buttons & 2) this.on.window(right / box.width, down / box.height);
      else if (event.buttons & 4 || event.shiftKey) this.on.pan(right / box.width, down / box.height);
      else if (event.buttons & 1) {
        const place = this.#pixel(event);
        if (place) this.on.point(...place);
      }
    });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (last = null));
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      if (event.ctrlKey) this.on.zoom(event.deltaY < 0 ? 1.15 : 1 / 1.15);
      else if (event.deltaY) this.on.scroll(Math.sign(event.deltaY));
    }, { passive: false });
  }
}

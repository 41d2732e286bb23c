// Slices of the case that is shown: the wanted one first, then its neighbours; the last ones stay in memory.

import { data } from "./data.js";

const KEPT_BYTES = 400e6;
const AHEAD = 6;
const AT_ONCE = 4;
export const MISSING = -32768;

export function decoded(buffer) {
  if (buffer === null) return null;
  const header = new DataView(buffer);
  return {
    slope: header.getFloat32(0, true),
    intercept: header.getFloat32(4, true),
    rows: header.getUint32(8, true),
    columns: header.getUint32(12, true),
    steps: new Int16Array(buffer, 16),
  };
}

export function valueAt(frame, row, column) {
  if (!frame || row < 0 || column < 0 || row >= frame.rows || column >= frame.columns) return null;
  const step = frame.steps[row * frame.columns + column];
  return step === MISSING ? null : frame.intercept + frame.slope * step;
}

export class Frames {
  constructor(key, slices, onArrival) {
    this.key = key;
    this.slices = slices;
    this.onArrival = onArrival;
    this.known = new Map();
    this.pending = new Map();
    this.wanted = [];
    this.bytes = 0;
    this.problems = new Map();
  }

  // undefined: not here yet; null: there is none
  get(plane, index) {
    return this.known.get(`${plane}/${index}`);
  }

  want(planes, index, direction) {
    const order = [0];
    for (let step = 1; step <= AHEAD; step++) order.push(direction * step);
    order.push(-direction, -2 * direction);
    this.wanted = order
      .map((step) => index + step)
      .filter((place) => place >= 0 && place < this.slices)
      .flatMap((place) => planes.map((plane) => ({ plane, index: place })));
    const still = new Set(this.wanted.map(({ plane, index: place }) => `${plane}/${place}`));
    for (const [name, control] of this.pending) if (!still.has(name)) control.abort();
    this.#next();
  }

  close() {
    this.wanted = [];
    for (const control of this.pending.values()) control.abort();
    this.known.clear();
  }

  #next() {
    for (const { plane, index } of this.wanted) {
      if (this.pending.size >= AT_ONCE) return;
      const name = `${plane}/${index}`;
      if (!this.known.has(name) && !this.pending.has(name)) this.#fetch(name, plane, index);
    }
  }

  async #fetch(name, plane, index) {
    const control = new AbortController();
    this.pending.set(name, control);
    try {
      this.#keep(name, decoded(await data.slice(this.key, plane, index, control.signal)));
      this.onArrival(plane, index);
    } catch (error) {
      if (error.name !== "AbortError") {
        this.#keep(name, null);
        this.problems.set(index, error.message);
        this.onArrival(plane, index);
      }
    } finally {
      this.pending.delete(name);
      this.#next();
    }
  }

  #keep(name, frame) {
    this.known.set(name, frame);
    this.bytes += frame ? frame.steps.byteLength : 0;
    for (const [oldest, old] of this.known) {
      if (this.bytes <= KEPT_BYTES) break;
      this.known.delete(oldest);
      this.bytes -= old ? old.steps.byteLength : 0;
    }
  }
}

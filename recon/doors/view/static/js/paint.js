// Slices to pixels: window, fade, difference, and the half-width map over them.

import { halfWidthColours, lessColours, moreColours } from "./colours.js";
import { MISSING } from "./frames.js";

const NOTHING = [26, 28, 36];
const OVER = 0.62;

function filled(image, each) {
  const out = image.data;
  for (let place = 0, byte = 0; byte < out.length; place++, byte += 4) each(place, out, byte);
}

function grey(frame, { low, high }) {
  const scale = 255 / (high - low || 1);
  return [scale * frame.slope, scale * (frame.intercept - low)];
}

const nothing = (out, byte) => {
  [out[byte], out[byte + 1], out[byte + 2]] = NOTHING;
  out[byte + 3] = 255;
};

export function paintWindow(frame, window, image) {
  const [scale, offset] = grey(frame, window);
  filled(image, (place, out, byte) => {
    const step = frame.steps[place];
    if (step === MISSING) return nothing(out, byte);
    out[byte] = out[byte + 1] = out[byte + 2] = scale * step + offset;
    out[byte + 3] = 255;
  });
}

export function paintFade(before, after, share, window, image) {
  const [a, b] = grey(before, window);
  const [c, d] = grey(after, window);
  const clip = (value) => (value < 0 ? 0 : value > 255 ? 255 : value);
  filled(image, (place, out, byte) => {
    const [one, other] = [before.steps[place], after.steps[place]];
    if (one === MISSING || other === MISSING) return nothing(out, byte);
    out[byte] = out[byte + 1] = out[byte + 2] = (1 - share) * clip(a * one + b) + share * clip(c * other + d);
    out[byte + 3] = 255;
  });
}

export function paintDifference(before, after, strongest, image) {
  const scale = 255 / strongest;
  filled(image, (place, out, byte) => {
    const [one, other] = [before.steps[place], after.steps[place]];
    if (one === MISSING || other === MISSING) return nothing(out, byte);
    const change = scale * (after.intercept + after.slope * other - before.intercept - before.slope * one);
    const colours = change < 0 ? lessColours : moreColours;
    const level = 3 * Math.min(255, Math.round(Math.abs(change)));
    out[byte] = colours[level];
    out[byte + 1] = colours[level + 1];
    out[byte + 2] = colours[level + 2];
    out[byte + 3] = 255;
  });
}

// Where a share is at most the threshold its colour lies over the image, the strongest where nothing is left.
export function paintUpTo(map, threshold, image) {
  let count = 0;
  filled(image, (place, out, byte) => {
    const step = map.steps[place];
    if (step === MISSING) return;
    const share = map.intercept + map.slope * step;
    if (share > threshold) return;
    count += 1;
    const level = 3 * Math.min(255, Math.max(0, Math.round(255 * (1 - share))));
    for (let part = 0; part < 3; part++) {
      out[byte + part] = (1 - OVER) * out[byte + part] + OVER * halfWidthColours[level + part];
    }
  });
  return count;
}

// Where the map reaches the threshold its colour lies over the image.
export function paintOver(map, threshold, widest, image) {
  const scale = 255 / (widest - threshold || 1);
  let count = 0;
  filled(image, (place, out, byte) => {
    const step = map.steps[place];
    if (step === MISSING) return;
    const value = map.intercept + map.slope * step;
    if (value < threshold) return;
    count += 1;
    const level = 3 * Math.min(255, Math.round(scale * (value - threshold)));
    for (let part = 0; part < 3; part++) {
      out[byte + part] = (1 - OVER) * out[byte + part] + OVER * halfWidthColours[level + part];
    }
  });
  return count;
}

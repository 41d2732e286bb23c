// What the maps over the image mean: from which value on they are drawn, and which end is bad.

// Bad where it is small: a share of a known lesion's contrast, from nothing to all of it.
const SURVIVAL = { below: true, unit: "", least: 0, threshold: 1, widest: 1, most: 1.2 };

export function scaleOf(found, map) {
  if (map === "survival") return SURVIVAL;
  return { below: false, unit: found.unit, least: 0, threshold: found.threshold, widest: found.widest, most: 1.5 * found.widest };
}

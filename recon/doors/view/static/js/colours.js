// Colour maps that people who see fewer colours can tell apart: brightness rises evenly in each.

// viridis (van der Walt and Smith, 2015), at five places
const HALF_WIDTH = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
// blue for less, orange for more, black for the same
const LESS = [[0, 0, 0], [20, 70, 160], [110, 180, 255]];
const MORE = [[0, 0, 0], [170, 80, 0], [255, 190, 90]];

function table(stops) {
  const colours = new Uint8ClampedArray(256 * 3);
  for (let level = 0; level < 256; level++) {
    const place = (level / 255) * (stops.length - 1);
    const left = Math.min(Math.floor(place), stops.length - 2);
    for (let part = 0; part < 3; part++) {
      colours[3 * level + part] = stops[left][part] + (place - left) * (stops[left + 1][part] - stops[left][part]);
    }
  }
  return colours;
}

export const halfWidthColours = table(HALF_WIDTH);
export const lessColours = table(LESS);
export const moreColours = table(MORE);

export const css = (colours, level) => `rgb(${colours[3 * level]} ${colours[3 * level + 1]} ${colours[3 * level + 2]})`;

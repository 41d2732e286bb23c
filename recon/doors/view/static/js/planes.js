// Three planes at once, before and after, drawn by NiiVue from volumes reduced to a few megabytes.

import { fill, h, say } from "./dom.js";
import { scaleOf } from "./maps.js";

const LIBRARY = "static/vendor/niivue-0.69.0.umd.js";
let library = null;
let shownKey = "";
let viewers = [];
// Longest side of a volume, as the server reduces it.
const LONGEST = 192;

// Where a pixel of the result lies in the reduced volume (column, row, slice), and back.
function reduction({ shape: [slices, rows, columns] }) {
  const block = Math.ceil(Math.max(rows, columns) / LONGEST);
  const step = Math.ceil(slices / LONGEST);
  const start = Math.floor(step / 2);
  const within = (value, count) => Math.min(count - 1, Math.max(0, value));
  return {
    voxel: ({ index, row, column }) => [
      within(Math.floor(column / block), Math.floor(columns / block)),
      within(Math.floor(row / block), Math.floor(rows / block)),
      within(Math.round((index - start) / step), Math.ceil((slices - start) / step)),
    ],
    pixel: ([i, j, k]) => ({
      index: within(k * step + start, slices),
      row: within(j * block + Math.floor(block / 2), rows),
      column: within(i * block + Math.floor(block / 2), columns),
    }),
  };
}

function loaded() {
  library ??= new Promise((resolve, reject) => {
    document.head.append(h("script", { src: LIBRARY, onload: () => resolve(window.niivue), onerror: () => reject(new Error("the viewer of three planes can't be loaded")) }));
  });
  return library;
}

export function hidePlanes() {
  shownKey = "";
}

const same = (one, other) => one.every((value, axis) => value === other[axis]);

// By the affine of the file: the viewer's own voxels are turned to the patient's axes.
function crosshairOf(viewer) {
  const { affine } = viewer.volumes[0].hdr;
  const mm = viewer.frac2mm(viewer.scene.crosshairPos, 0, true);
  const [a, b, c] = [0, 1, 2].map((axis) => affine.slice(0, 3).map((line) => line[axis]));
  const from = affine.slice(0, 3).map((line, axis) => mm[axis] - line[3]);
  const cross = (one, other) => [0, 1, 2].map((i) => one[(i + 1) % 3] * other[(i + 2) % 3] - one[(i + 2) % 3] * other[(i + 1) % 3]);
  const dot = (one, other) => one.reduce((sum, value, axis) => sum + value * other[axis], 0);
  const size = dot(a, cross(b, c));
  return [dot(from, cross(b, c)), dot(from, cross(c, a)), dot(from, cross(a, b))].map((value) => Math.round(value / size));
}

function point(viewer, voxel) {
  const { affine } = viewer.volumes[0].hdr;
  const mm = affine.slice(0, 3).map((line) => voxel.reduce((sum, value, axis) => sum + value * line[axis], line[3]));
  viewer.scene.crosshairPos = viewer.mm2frac(mm, 0, true);
  viewer.drawScene();
}

// Told of the pixel that the reader points at in one of the planes.
export async function showPlanes(element, found, view, onPlace) {
  const key = `${found.key}/${view.map}`;
  if (key === shownKey) return adjust(element, found, view);
  shownKey = key;
  element.dataset.state = "loading";
  try {
    const { Niivue } = await loaded();
    const planes = found.planes.before ? ["before", found.after] : [found.after];
    const canvases = planes.map((plane) => h("canvas", { role: "img", "aria-label": `${plane === found.after ? "after" : plane}, three planes` }));
    fill(element, planes.map((plane, place) => h("figure", { className: "pane" }, h("figcaption", {}, plane === found.after ? "after" : found.planes[plane]), h("div", {}, canvases[place]))));
    viewers = [];
    for (const [place, plane] of planes.entries()) {
      const viewer = new Niivue({
        backColor: [0.02, 0.024, 0.04, 1], crosshairColor: [0.5, 0.7, 1, 1], crosshairWidthUnit: "percent", crosshairWidth: 0.4, isColorbar: false, loadingText: "", fontColor: [0.9, 0.71, 0.31, 1],
        dragAndDropEnabled: false, isRadiologicalConvention: true, sagittalNoseLeft: true, multiplanarForceRender: false,
      });
      await viewer.attachToCanvas(canvases[place]);
      const volumes = [{ url: `api/cases/${found.key}/volumes/${plane}.nii.gz`, name: `${plane}.nii.gz`, colormap: "gray", cal_min: view.window.low, cal_max: view.window.high }];
      if (view.map && plane === found.after) {
        const { below, widest } = scaleOf(found, view.map);
        // what is not known is 0 there, and is not drawn
        const range = below ? { cal_min: 0.01, cal_max: 1, colormapInvert: true } : { cal_min: view.threshold, cal_max: widest };
        volumes.push({ url: `api/cases/${found.key}/volumes/${view.map}.nii.gz`, name: `${view.map}.nii.gz`, colormap: "viridis", opacity: 0.6, ...range });
      }
      await viewer.loadVolumes(volumes);
      viewer.setSliceType(viewer.sliceTypeMultiplanar);
      viewers.push(viewer);
    }
    if (viewers.length === 2) {
      viewers[0].broadcastTo([viewers[1]], { "2d": true, "3d": true });
      viewers[1].broadcastTo([viewers[0]], { "2d": true, "3d": true });
    }
    if (key !== shownKey) return;
    for (const viewer of viewers) {
      viewer.onLocationChange = () => {
        const { voxel, pixel } = reduction(found);
        const place = crosshairOf(viewer);
        if (!same(place, voxel(view))) onPlace(pixel(place));
      };
    }
    element.dataset.state = "ready";
    adjust(element, found, view);
  } catch (error) {
    element.dataset.state = "failed";
    say(`three planes: ${error.message}`, true);
  }
}

function adjust(element, found, view) {
  if (element.dataset.state !== "ready") return;
  const wanted = reduction(found).voxel(view);
  for (const viewer of viewers) {
    const [image, map] = viewer.volumes;
    if (image && !same(crosshairOf(viewer), wanted)) point(viewer, wanted);
    element.dataset.at = crosshairOf(viewer).join(" ");
    if (!image || (image.cal_min === view.window.low && image.cal_max === view.window.high && (!map || map.cal_min === view.threshold))) continue;
    [image.cal_min, image.cal_max] = [view.window.low, view.window.high];
    if (map) map.cal_min = view.threshold;
    viewer.updateGLVolume();
  }
}

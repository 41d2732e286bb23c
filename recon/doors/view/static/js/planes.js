// Three planes at once, before and after, drawn by NiiVue from volumes reduced to a few megabytes.

import { fill, h, say } from "./dom.js";

const LIBRARY = "static/vendor/niivue-0.69.0.umd.js";
let library = null;
let shownKey = "";
let viewers = [];

function loaded() {
  library ??= new Promise((resolve, reject) => {
    document.head.append(h("script", { src: LIBRARY, onload: () => resolve(window.niivue), onerror: () => reject(new Error("the viewer of three planes can't be loaded")) }));
  });
  return library;
}

export function hidePlanes() {
  shownKey = "";
}

export async function showPlanes(element, found, view) {
  const key = `${found.key}/${view.map}`;
  if (key === shownKey) return adjust(found, view);
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
        backColor: [0.02, 0.024, 0.04, 1], crosshairColor: [0.5, 0.7, 1, 1], crosshairWidth: 1, isColorbar: false, loadingText: "",
        dragAndDropEnabled: false, isRadiologicalConvention: true, sagittalNoseLeft: true, multiplanarForceRender: false,
      });
      await viewer.attachToCanvas(canvases[place]);
      const volumes = [{ url: `api/cases/${found.key}/volumes/${plane}.nii.gz`, name: `${plane}.nii.gz`, colormap: "gray", cal_min: view.window.low, cal_max: view.window.high }];
      if (view.map && plane === found.after) {
        volumes.push({ url: `api/cases/${found.key}/volumes/${view.map}.nii.gz`, name: `${view.map}.nii.gz`, colormap: "viridis", opacity: 0.6, cal_min: view.threshold, cal_max: found.widest });
      }
      await viewer.loadVolumes(volumes);
      viewer.setSliceType(viewer.sliceTypeMultiplanar);
      viewers.push(viewer);
    }
    if (viewers.length === 2) {
      viewers[0].broadcastTo([viewers[1]], { "2d": true, "3d": true });
      viewers[1].broadcastTo([viewers[0]], { "2d": true, "3d": true });
    }
    element.dataset.state = "ready";
  } catch (error) {
    element.dataset.state = "failed";
    say(`three planes: ${error.message}`, true);
  }
}

function adjust(found, view) {
  for (const viewer of viewers) {
    const [image, map] = viewer.volumes;
    if (!image || (image.cal_min === view.window.low && image.cal_max === view.window.high && (!map || map.cal_min === view.threshold))) continue;
    [image.cal_min, image.cal_max] = [view.window.low, view.window.high];
    if (map) map.cal_min = view.threshold;
    viewer.updateGLVolume();
  }
}

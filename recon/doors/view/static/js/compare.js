// Two results of a patient: what differs between their protocols, and what has changed beyond both intervals.

import { data } from "./data.js";
import { fill, h, number } from "./dom.js";
import { go } from "./viewer.js";

export function comparisonOf(found) {
  if (!data.live || !found.others?.length) return null;
  const choice = h("select", { id: "other", "aria-label": "Result to compare with" }, found.others.map(({ key, name, taken }) => h("option", { value: key }, taken ? `${name}, ${taken}` : name)));
  const answer = h("div", { id: "comparison", "aria-live": "polite" });
  const ask = async () => {
    fill(answer, h("p", { className: "note" }, "One is moved onto the other; that takes a moment."));
    try {
      const path = `api/cases/${found.key}/compared/${choice.value}`;
      fill(answer, answerOf(await data.ask(path), `${path}/picture.png`, found));
    } catch (error) {
      fill(answer, h("p", { className: "bad" }, error.message));
    }
  };
  return h("section", { "aria-label": "Comparison" }, h("h3", {}, "What has changed?"),
    h("div", { className: "bar" }, choice, h("button", { type: "button", id: "compare", onclick: ask }, "Compare")), answer);
}

function answerOf(said, picture, found) {
  const lines = (title, rows, name) => (rows.length ? [h("h4", {}, title), h("ul", { className: name }, rows.map((row) => h("li", {}, row)))] : []);
  const unknown = lines("To know", said.unknown, "plain soft");
  if (!said.comparable) {
    return [h("p", { className: "bad" }, `${said.before} and ${said.after} may not be compared: nothing is called a change.`), ...lines("Why", said.differences, "plain"), ...unknown];
  }
  const { regions, volume_mm3: volume, moved_mm: moved, smallest_mm: smallest, covered } = said.changes;
  const unit = found.unit ? ` ${found.unit}` : "";
  const count = regions.length === 1 ? "1 change" : `${regions.length} changes`;
  return [
    h("p", {}, `${said.after} less ${said.before}, moved by ${number(moved)} mm: ${count} of at least ${number(smallest)} mm beyond both intervals${regions.length ? `, ${number(volume)} mm\u00b3` : ""}, in the ${number(100 * covered)} % of the earlier one that the later one shows.`),
    large(picture, said),
    regions.length ? h("table", { className: "probes" }, h("thead", {}, h("tr", {}, ["slice", "mm\u00b3", `mean${unit}`].map((head) => h("th", { scope: "col" }, head)))),
      h("tbody", {}, regions.slice(0, 20).map(({ centre, volume_mm3: size, mean }) => h("tr", {}, h("td", {}, place(centre[0], said)), h("td", {}, number(size)), h("td", {}, number(mean)))))) : null,
    ...unknown,
  ];
}

// Places are those of the earlier result.
function place(slice, { here }) {
  return here ? h("button", { type: "button", className: "small", onclick: () => go(slice) }, String(slice + 1)) : String(slice + 1);
}

function large(picture, { before, after, slice }) {
  const words = `${before}, ${after}, their difference, and what is beyond both intervals, slice ${slice + 1}`;
  const dialog = h("dialog", { className: "picture", "aria-label": "Comparison" }, h("button", { type: "button", onclick: () => dialog.close() }, "Close ", h("kbd", {}, "Esc")), h("img", { src: picture, alt: words }));
  return [h("button", { type: "button", id: "compared", onclick: () => dialog.showModal() }, "Show the slice with most change"), dialog];
}

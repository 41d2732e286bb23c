// Tables of what readers decided, beside the verdict and beside each other; limits that their decisions speak for.

import { data } from "./data.js";
import { fill, h, number, say, words } from "./dom.js";

const percent = (value) => (value === null || value === undefined ? "–" : `${Math.round(100 * value)} %`);

export function figure(value, as = number) {
  if (!value) return "–";
  return value.low === null ? as(value.value) : `${as(value.value)} (${as(value.low)} to ${as(value.high)})`;
}

export function table(caption, heads, rows) {
  return h("table", {}, h("caption", {}, caption), h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell, place) => (place ? h("td", {}, cell) : h("th", { scope: "row" }, cell)))))));
}

export async function enter(room) {
  try {
    const [found, { proposals }] = await Promise.all([data.ask("api/agreement"), data.ask("api/limits")]);
    const limit = (value, unit) => (value === null ? "–" : `${number(value)} ${unit}`);
    fill(room,
      h("h2", {}, "Agreement"),
      h("p", {}, `${found.decisions} decisions stand. Intervals are 95 %. `, h("a", { href: "api/decisions.csv" }, "All as CSV"), ", ", h("a", { href: "api/decisions.json" }, "as JSON"), "."),
      table("Readers and verdict", ["verdict", "accepted", "needs a look", "rejected", "share accepted"],
        found.verdicts.map(({ verdict, counts, accepted }) => [verdict, counts.accept, counts.look, counts.reject, figure(accepted, percent)])),
      found.readers.length
        ? table("Readers and readers", ["readers", "results in common", "same choice", "weighted kappa"],
            found.readers.map(({ readers, common, same, kappa }) => [readers.join(" and "), common, figure(same, percent), figure(kappa)]))
        : h("p", {}, "Two readers are needed to compare readers."),
      proposals.length
        ? table("Limits that decisions speak for (nothing is set by this; accepted results outside are false alarms)",
            ["check", "limit now", "proposed", "accepted outside, now and then", "rejected outside, now and then", "tells apart", "why"],
            proposals.map((one) => [`${one.task}: ${words(one.check)}, ${one.side}`, limit(one.now, one.unit), limit(one.proposed, one.unit),
              `${one.alarms_now} → ${one.alarms_then ?? "–"} of ${one.accepted}`, `${one.found_now} → ${one.found_then ?? "–"} of ${one.rejected}`,
              one.area ? figure({ value: one.area[0], low: one.area[1], high: one.area[2] }) : "–", one.words]))
        : h("p", {}, "No limit can be proposed before results with checks are decided."));
  } catch (error) {
    say(error.message, true);
  }
}

// Why the verdict is what it is: checks with value and limits, what a lesion would have become, what made the image.

import { comparisonOf } from "./compare.js";
import { fill, h, number, words } from "./dom.js";
import { failing, intervalName } from "./viewer.js";
import { tag } from "./worklist.js";

const percent = (value) => `${Math.round(100 * value)} %`;

export function evidenceOf(found) {
  const { report } = found;
  return [
    h("div", { className: "verdict" }, tag(found.verdict), h("h2", {}, found.name)),
    found.why && found.verdict === "UNREADABLE" ? h("p", { className: "bad" }, found.why) : null,
    report.problem ? h("p", { className: "bad" }, report.problem) : null,
    missing(report),
    checks(found),
    probes(found),
    comparisonOf(found),
    section("Comparable with", comparability(found)),
    section("Model and interval", pairs(provenance(found))),
    section("Patient and scan", pairs(found.facts)),
    section("Parameters", pairs(report.parameters)),
    section("Timings, ms", pairs(report.timings_ms)),
    section("Notes", list([...(report.notes ?? []), ...(report.skipped ?? []).map((one) => `left out: ${one.path}: ${one.reason}`)])),
  ];
}

function section(title, content) {
  return content ? h("details", { open: title === "Model and interval" }, h("summary", {}, title), content) : null;
}

const list = (lines) => (lines.length ? h("ul", { className: "plain" }, lines.map((line) => h("li", {}, line))) : null);

function pairs(values) {
  const known = Object.entries(values ?? {}).filter(([, value]) => value !== null && value !== undefined && value !== "");
  if (!known.length) return null;
  return h("dl", {}, known.flatMap(([name, value]) => [h("dt", {}, words(name)), h("dd", {}, plain(value))]));
}

function plain(value) {
  if (typeof value === "number") return number(value);
  if (Array.isArray(value)) return value.map(plain).join(", ");
  if (typeof value === "object") return Object.entries(value ?? {}).map(([name, part]) => `${words(name)} ${plain(part)}`).join(", ");
  return String(value);
}

function provenance(found) {
  const { report } = found;
  const model = report.model ?? {};
  const { kind, coverage, ...rest } = report.interval ?? {};
  const said = kind ?? (coverage > 0 ? "calibrated" : "not stated");
  return {
    model: [model.name, model.version].filter(Boolean).join(" "), sha256: model.sha256, software: model.software_version, tuning: model.tuning,
    interval: said === "calibrated" ? `calibrated: covers ${percent(coverage)} of held-out images` : words(said), ...rest,
    input: report.input, result: found.folder, made: found.made,
  };
}

function missing(report) {
  const places = report.slices?.missing ?? [];
  return places.length ? h("p", { className: "bad" }, `No result for ${places.length} of ${report.slices.total} slices: ${places.slice(0, 12).map((place) => place + 1).join(", ")}${places.length > 12 ? " …" : ""}`) : null;
}

function limits({ lower_limit: low, upper_limit: high, unit }) {
  const end = unit ? ` ${unit}` : "";
  if (low !== null && low !== undefined && high !== null && high !== undefined) return `${number(low)} to ${number(high)}${end}`;
  if (high !== null && high !== undefined) return `at most ${number(high)}${end}`;
  return low !== null && low !== undefined ? `at least ${number(low)}${end}` : "";
}

const counted = (slices) => (slices === 1 ? "1 slice" : `${slices} slices`);

function checks(found) {
  const order = ["REJECT", "REVIEW", "PASS"];
  const sorted = [...(found.report.checks ?? [])].sort((a, b) => order.indexOf(a.outcome) - order.indexOf(b.outcome));
  if (!sorted.length) return h("p", { className: "bad" }, "This result has no checks, so nothing speaks for it.");
  return h("section", { id: "checks", "aria-label": "Checks" }, h("h3", {}, "Checks"),
    h("ul", { className: "plain checks" }, sorted.map((check) => h("li", { className: check.outcome.toLowerCase() },
      h("span", { className: "first" }, tag(check.outcome), h("strong", {}, words(check.name)),
        h("span", { className: "value" }, check.value === null ? "not measured" : `${number(check.value)} ${check.unit ?? ""}`)),
      limits(check) ? h("span", { className: "soft" }, `limit: ${limits(check)}`) : null,
      h("span", {}, check.message),
      found.failing[check.name] ? h("button", { type: "button", className: "small", onclick: () => failing(check.name) }, `in ${counted(found.failing[check.name].length)}: go to the next`) : null))));
}

// What known lesions in this very scan keep of their contrast; the first of them is the one that must survive.
function probes(found) {
  const known = found.report.probes ?? [];
  const check = (found.report.checks ?? []).find(({ name }) => name === "lesions_survive");
  const { strength, strength_chosen: chosen } = found.report.parameters ?? {};
  const title = h("h3", {}, "Would a lesion have survived?");
  if (!known.length) {
    const why = check ? check.message : "No known lesions were added to this scan, so nobody knows.";
    return h("section", { id: "probes", "aria-label": "Probes" }, title, h("p", { className: "note" }, why));
  }
  const weakest = known.reduce((least, one) => (one.kept.median < least.kept.median ? one : least));
  return h("section", { id: "probes", "aria-label": "Probes" }, title,
    h("p", {}, sentence(known[0])),
    chosen ? h("p", {}, `Strength ${number(strength)}: ${chosen.reason}.`) : null,
    weakest === known[0] ? null : h("p", {}, `Worst: ${sentence(weakest).replace("Here", "here")}`),
    h("table", { className: "probes" }, h("caption", { className: "soft" }, "Contrast kept: median, and where eight places in ten lie"),
      h("thead", {}, h("tr", {}, ["lesion", "kept", "10–90 %", "places"].map((head) => h("th", { scope: "col" }, head)))),
      h("tbody", {}, known.map((one) => h("tr", {},
        h("th", { scope: "row" }, `${number(one.size_mm)} mm, ${number(one.contrast)} ${one.unit ?? ""}`),
        h("td", {}, percent(one.kept.median)), h("td", {}, range(one.kept, one === known[0] ? check?.lower_limit : null)), h("td", {}, String(one.places)))))));
}

const sentence = ({ size_mm: size, contrast, unit, kept }) =>
  `Here a ${number(size)} mm lesion of ${number(contrast)} ${unit ?? ""} would show ${percent(kept.median)} of its contrast, ${Math.round(100 * kept.p10)} to ${Math.round(100 * kept.p90)}.`;

// From nothing to all of it: a bar between both ends, a line for the median, a dashed one for the limit.
function range({ median, p10, p90 }, limit) {
  const place = (share) => `${100 * Math.min(1, Math.max(0, share))}%`;
  const mark = (name, left, width) => {
    const part = h("span", { className: name });
    part.style.left = left;
    if (width) part.style.width = width;
    return part;
  };
  const words = `${Math.round(100 * p10)} to ${Math.round(100 * p90)}`;
  return [h("span", {}, words), h("span", { className: "range", "aria-hidden": "true" },
    mark("spread", place(p10), `calc(${place(p90)} - ${place(p10)})`), mark("median", place(median)),
    Number.isFinite(limit) ? mark("limit", place(limit)) : null)];
}

// What another result must share to be compared with; what is not known is said, since it may differ.
function comparability(found) {
  const record = found.report.comparability;
  if (!record || !Object.keys(record).length) return null;
  return h("div", {}, h("p", { className: "note" }, "Another result may be compared where all of this agrees (recon compare A B)."),
    h("dl", {}, Object.entries(record).flatMap(([name, value]) => [h("dt", {}, words(name)), h("dd", {}, value === null ? "not known" : plain(value))])));
}

export { intervalName };

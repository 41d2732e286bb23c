// Control charts: what was measured over time, by scanner and protocol, with the limits of its first values.

import { figure, table } from "./agreement.js";
import { data } from "./data.js";
import { fill, h, number, say } from "./dom.js";

const [WIDE, HIGH, LEFT, EDGE] = [560, 170, 62, 20];
const percent = (value) => `${Math.round(100 * value)} %`;

function svg(tag, properties, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(properties)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function chartOf(chart) {
  const signals = chart.points.filter(({ signal }) => signal);
  const ends = chart.points.map(({ value }) => value).concat([chart.lower, chart.upper].filter((value) => value !== null));
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const days = chart.points.map(({ day }) => Date.parse(day));
  const x = (day) => LEFT + ((WIDE - LEFT - EDGE) * (day - days[0])) / (days.at(-1) - days[0] || 1);
  const y = (value) => HIGH - EDGE - ((HIGH - 2 * EDGE) * (value - low)) / (high - low || 1);
  const said = `${chart.points.length === 1 ? "1 result" : `${chart.points.length} results`}, ${signals.length ? `${signals.length} out of control` : chart.centre === null ? "too few for limits" : "steady"}`;
  const picture = svg("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": `${chart.name}: ${said}` });
  // without limits the least and the largest value say how high a point stands
  if (chart.centre === null) for (const value of new Set([low, high])) picture.append(svg("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, number(value)));
  for (const [name, value] of [["upper", chart.upper], ["centre", chart.centre], ["lower", chart.lower]]) {
    if (value === null) continue;
    picture.append(svg("line", { class: name, x1: LEFT, x2: WIDE - EDGE, y1: y(value), y2: y(value) }), svg("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, number(value)));
  }
  picture.append(svg("polyline", { class: "path", points: chart.points.map(({ value }, place) => `${x(days[place])},${y(value)}`).join(" ") }));
  chart.points.forEach(({ day, value, result, signal }, place) => {
    const title = svg("title", {}, `${result}, ${day}: ${number(value)} ${chart.unit}${signal ? `, ${signal}` : ""}`);
    const mark = signal ? svg("path", { class: "signal", d: `M${x(days[place])} ${y(value) - 6}l6 11h-12z` }, title) : svg("circle", { cx: x(days[place]), cy: y(value), r: 3 }, title);
    picture.append(mark);
  });
  picture.append(svg("text", { x: LEFT, y: HIGH - 4 }, chart.points[0].day), svg("text", { x: WIDE - EDGE, y: HIGH - 4, "text-anchor": "end" }, chart.points.at(-1).day));
  return h("figure", { className: "chart" }, h("figcaption", {}, `${chart.name}${chart.unit ? `, ${chart.unit}` : ""}: ${said}`), picture,
    signals.length ? h("details", {}, h("summary", {}, "which"), h("ul", { className: "plain" }, signals.map(({ day, result, signal }) => h("li", {}, `${day} ${result}: ${signal}`)))) : null);
}

export async function enter(room) {
  if (!room.childElementCount) fill(room, h("p", { className: "soft" }, "Reading all results …"));
  try {
    const { groups } = await data.ask("api/drift");
    fill(room, h("h2", {}, "Drift"),
      h("p", {}, "Each value beside the limits of the first twenty of its scanner and protocol (mean and three standard deviations, by the moving range); eight in a row on one side count too."),
      groups.map((group) => h("section", {}, h("h3", {}, [group.task, group.scanner || "scanner unknown", group.protocol || "protocol unknown"].join(" · ")),
        table("Verdicts by month", ["month", "PASS", "REVIEW", "REJECT", "other", "share of PASS"], group.months.map(({ name, counts, passed }) =>
          [name, counts.PASS ?? 0, counts.REVIEW ?? 0, counts.REJECT ?? 0, (counts.UNJUDGED ?? 0) + (counts.UNREADABLE ?? 0), figure(passed, percent)])),
        h("div", { className: "charts" }, group.charts.map(chartOf)))),
      groups.length ? null : h("p", {}, "There is no result yet."));
  } catch (error) {
    say(error.message, true);
  }
}

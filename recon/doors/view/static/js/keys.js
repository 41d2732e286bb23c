// Every key, once: the handler and the help read the same table.

import { byId, fill, h } from "./dom.js";

let bindings = [];
let pageOnly = [];
let hooks = null;
let single = localStorage.getItem("recon.keys") !== "off";

// `first` may take a key before all others; where `everywhere` is false only the page's own keys do something.
export function build(groups, given) {
  hooks = given;
  pageOnly = groups.Page;
  bindings = Object.values(groups).flat();
  const dialog = byId("help");
  const toggle = h("input", { type: "checkbox", id: "single-keys", checked: single, onchange: (event) => {
    single = event.target.checked;
    localStorage.setItem("recon.keys", single ? "on" : "off");
  } });
  fill(dialog,
    h("div", { className: "first" }, h("h2", { id: "help-title" }, "Keys"), h("button", { type: "button", onclick: () => dialog.close() }, "Close ", h("kbd", {}, "Esc"))),
    h("div", { className: "keys" }, Object.entries(groups).map(([title, rows]) => h("section", {}, h("h3", {}, title),
      h("dl", {}, rows.map(({ keys, does }) => [h("dt", {}, keys.map((key) => h("kbd", {}, named(key)))), h("dd", {}, does)]))))),
    h("p", {}, "In a picture: drag moves the crosshair, with the right button the window, with Shift the picture; the wheel scrolls, with Ctrl it zooms."),
    h("label", {}, toggle, " single keys work, without Ctrl or Alt"));
  byId("help-button").addEventListener("click", help);
  document.addEventListener("keydown", pressed);
}

export function help() {
  const dialog = byId("help");
  if (dialog.open) dialog.close();
  else dialog.showModal();
}

const named = (key) => ({ ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", " ": "Space", PageUp: "Page ↑", PageDown: "Page ↓" })[key.replace("Shift+", "")]?.replace(/^/, key.startsWith("Shift+") ? "Shift " : "") ?? key.replace("+", key === "+" ? "+" : " ");

function pressed(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const { target } = event;
  const writing = target.matches("textarea, select, input:not([type=range]):not([type=checkbox])");
  if (writing) {
    if (event.key === "Escape") target.blur();
    return;
  }
  if (byId("help").open && event.key !== "?") return;
  const sliding = target.matches("input[type=range]") && /^(Arrow|Page|Home|End)/.test(event.key);
  const pressing = target.matches("button, summary, a") && (event.key === " " || event.key === "Enter");
  if (sliding || pressing || (!single && event.key.length === 1 && event.key !== "?")) return;
  const name = event.shiftKey && event.key.startsWith("Arrow") ? `Shift+${event.key}` : event.key;
  if (hooks.first(event.key)) return event.preventDefault();
  const active = hooks.everywhere() ? bindings : pageOnly;
  const found = active.find(({ keys }) => keys.includes(name)) ?? active.find(({ keys }) => keys.includes(name.toLowerCase()) && name.length === 1 && !event.shiftKey);
  if (!found) return;
  event.preventDefault();
  found.run();
}

// The same for a page that was written as one file: cases and slices lie in it.

import { Problem } from "./server.js";

async function bytes(text) {
  const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"))).arrayBuffer();
}

export function embedded(content) {
  const cases = new Map(content.cases.map((one) => [one.line.key, one]));
  return {
    live: false,
    ask: async (path) => {
      if (path === "api/cases") return { cases: content.cases.map((one) => one.line), revision: "" };
      const [, key, what] = /^api\/cases\/([^/]+)(?:\/(\w+))?$/.exec(path) ?? [];
      const found = cases.get(key);
      if (!found) throw new Problem("this page was written as one file and holds no more");
      return what === "profile" ? found.profile : found.whole;
    },
    tell: async () => {
      throw new Problem("this page was written as one file; decide in recon view");
    },
    slice: async (key, plane, index) => {
      const found = cases.get(key)?.slices[plane]?.[index];
      return found ? bytes(found) : null;
    },
  };
}

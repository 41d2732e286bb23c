// What the page asks the server for; addresses are relative, so that the page can live anywhere.

export class Problem extends Error {}

async function answered(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem("the server does not answer; is recon view still running?");
  }
  if (response.ok) return response;
  let problem = `${response.status} ${response.statusText}`;
  const text = await response.text();
  try {
    problem = JSON.parse(text).problem ?? problem;
  } catch {
    problem = text.trim() || problem;
  }
  throw new Problem(problem);
}

export const server = {
  live: true,
  ask: async (path) => {
    const response = await answered(path);
    return response.status === 204 ? null : response.json();
  },
  tell: async (path, given) =>
    (await answered(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(given) })).json(),
  slice: async (key, plane, index, signal) => {
    const response = await answered(`api/cases/${key}/slices/${plane}/${index}`, { signal });
    return response.status === 204 ? null : response.arrayBuffer();
  },
  sliceAt: async (path) => {
    const response = await answered(path);
    return response.status === 204 ? null : response.arrayBuffer();
  },
};

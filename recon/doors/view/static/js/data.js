// Where cases come from: the server, or the page itself.

import { embedded } from "./embedded.js";
import { server } from "./server.js";

const content = document.getElementById("embedded");

export const data = content ? embedded(JSON.parse(content.textContent)) : server;

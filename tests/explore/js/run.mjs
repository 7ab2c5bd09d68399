// Run a graph in node: inputs on stdin as JSON, outputs on stdout. Usage: run.mjs GRAPH WEIGHTS [NETWORK …]

import { readFileSync } from "node:fs";
import { Network } from "../../../src/latentassay/explore/js/network.js";

const [, , graphFile, weightsFile, ...chain] = process.argv;
const described = JSON.parse(readFileSync(graphFile, "utf8"));
const bytes = Uint8Array.from(readFileSync(weightsFile));
const networks = chain.map((name) => new Network(described[name], described.tensors, bytes));
const inputs = JSON.parse(readFileSync(0, "utf8"));
const outputs = inputs.map((input) => {
  const found = [];
  for (const network of networks) found.push((input = Array.from(network.run(input))));
  return found;
});
process.stdout.write(JSON.stringify(outputs));

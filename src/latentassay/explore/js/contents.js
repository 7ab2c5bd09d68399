// What the page holds: facts as JSON, arrays and weights in one block of bytes.

import { bytesOf, product } from "./tensors.js";
import { rowsOf } from "./latents.js";

export function readContents(document) {
  const facts = JSON.parse(document.getElementById("facts").textContent);
  const bytes = bytesOf(document.getElementById("bytes").textContent.trim());
  const array = (name) => {
    const { kind, at, count } = facts.arrays[name];
    const start = bytes.byteOffset + at;
    return kind === "u8" ? new Uint8Array(bytes.buffer, start, count) : new Float32Array(bytes.buffer, start, count);
  };
  const size = product(facts.latentShape);
  const [low, high] = facts.reach;
  const samples = Float32Array.from(array("samples"), (value) => low + (value / 255) * (high - low));
  let from = 0;
  const ways = rowsOf(array("ways"), size);
  const part = (name, walk, start) => array(name).subarray(start, start + walk.points);
  const walks = facts.walks.map((walk) => {
    const start = from;
    from += walk.points;
    return {
      ...walk,
      way: ways.slice(start, from),
      distance: part("wayDistance", walk, start),
      straight: part("straightDistance", walk, start),
    };
  });
  return {
    ...facts,
    bytes,
    walks,
    codes: rowsOf(array("codes"), size),
    distance: array("distance"),
    drawn: rowsOf(array("drawn"), size),
    drawnDistance: array("drawnDistance"),
    samples: rowsOf(samples, product(facts.xShape)),
    sampleCodes: rowsOf(array("sampleCodes"), size),
    map: facts.arrays.map ? array("map") : null,
    library: facts.networks ? null : readLibrary(facts, array),
  };
}

function readLibrary(facts, array) {
  const observations = facts.arrays.observations;
  return {
    at: rowsOf(array("at"), facts.sliders.length),
    back: rowsOf(array("back"), facts.sliders.length),
    distance: array("atDistance"),
    observations: observations ? rowsOf(array("observations"), product(facts.xShape)) : null,
  };
}

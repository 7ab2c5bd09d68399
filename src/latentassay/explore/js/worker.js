// The networks at work, beside the page, so that sliders never wait for them.

import { Network } from "./network.js";

let decoder = null;
let encoder = null;
let kept = [];

const TASKS = {
  load({ networks, bytes, kept: indices }) {
    decoder = new Network(networks.decoder, networks.tensors, bytes);
    encoder = new Network(networks.encoder, networks.tensors, bytes);
    kept = indices;
    return {};
  },

  decode({ z }) {
    return { x: decoder.run(z).slice() };
  },

  // Decode, encode again, and say how far the latent has moved.
  respond({ z }) {
    const x = decoder.run(z).slice();
    const response = encoder.run(x).slice();
    return { x, response, distance: distanceOf(z, response) };
  },

  // Response distances of several latents, one after another in one array.
  distances({ latents, size }) {
    const distances = new Float32Array(latents.length / size);
    for (let i = 0; i < distances.length; i++) {
      const z = latents.subarray(i * size, (i + 1) * size);
      distances[i] = distanceOf(z, encoder.run(decoder.run(z)));
    }
    return { distances };
  },
};

function distanceOf(z, response) {
  let sum = 0;
  for (const index of kept) sum += (response[index] - z[index]) ** 2;
  return Math.sqrt(sum);
}

self.onmessage = ({ data }) => {
  try {
    self.postMessage({ id: data.id, answer: TASKS[data.task](data.given) });
  } catch (error) {
    self.postMessage({ id: data.id, error: String(error) });
  }
};

// In the place of a model: decodings made beforehand, of which the nearest answers. It is asked as the engine is.

import { along, put } from "./latents.js";

export class Library {
  constructor(facts) {
    Object.assign(this, { facts, ...facts.library });
    this.scales = facts.sliders.map((slider) => 1 / (slider.high - slider.low || 1));
  }

  async ask(lane, task, { z }) {
    if (task === "load") {
      if (this.facts.sheet) await this.cut(this.facts.sheet);
      return {};
    }
    const found = this.nearest(this.facts.sliders.map((slider) => along(z, slider)));
    const response = Float32Array.from(z);
    this.facts.sliders.forEach((slider, unit) => put(response, slider, this.back[found][unit]));
    return { x: this.observations[found], response, distance: this.distance[found] };
  }

  nearest(values) {
    let best = 0;
    let least = Infinity;
    this.at.forEach((place, k) => {
      let sum = 0;
      for (let unit = 0; unit < values.length; unit++) sum += ((place[unit] - values[unit]) * this.scales[unit]) ** 2;
      if (sum < least) [best, least] = [k, sum];
    });
    return best;
  }

  // Cut the sheet of pictures into observations.
  async cut({ uri, row }) {
    const image = new Image();
    image.src = uri;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(image, 0, 0);
    const [channels, height, width] = this.facts.xShape;
    const [low, high] = this.facts.reach;
    this.observations = this.at.map((_, k) => {
      const { data } = context.getImageData((k % row) * width, Math.floor(k / row) * height, width, height);
      const x = new Float32Array(channels * height * width);
      for (let i = 0; i < x.length; i++) {
        const level = data[4 * (i % (height * width)) + Math.floor(i / (height * width))];
        x[i] = low + (level / 255) * (high - low);
      }
      return x;
    });
  }
}

// Where the reader is: one latent, moved unit by unit, and those who want to know of it.

export class Place {
  constructor(z, sliders) {
    this.z = Float32Array.from(z);
    this.sliders = sliders;
    this.watchers = [];
  }

  watch(watcher) {
    this.watchers.push(watcher);
  }

  moved() {
    for (const watcher of this.watchers) watcher(this.z);
  }

  go(z) {
    this.z = Float32Array.from(z);
    this.moved();
  }

  valueOf(unit) {
    return along(this.z, this.sliders[unit]);
  }

  set(values) {
    for (const [unit, value] of values) put(this.z, this.sliders[unit], value);
    this.moved();
  }
}

export function along(z, { indices, direction }) {
  return indices.reduce((sum, index, k) => sum + z[index] * direction[k], 0);
}

export function put(z, slider, value) {
  const step = value - along(z, slider);
  slider.indices.forEach((index, k) => (z[index] += step * slider.direction[k]));
}

export function between(a, b, share) {
  return Float32Array.from(a, (value, i) => value + share * (b[i] - value));
}

// A point of a way that is given by evenly spaced latents.
export function pointOf(way, share) {
  const at = Math.min(way.length - 1, Math.max(0, share * (way.length - 1)));
  const low = Math.min(Math.floor(at), way.length - 2);
  return between(way[low], way[low + 1], at - low);
}

export function rowsOf(array, size) {
  return Array.from({ length: array.length / size }, (_, row) => array.subarray(row * size, (row + 1) * size));
}

// Operations that move numbers, mix rows and columns, or reduce dimensions.

import { walk } from "./pointwise.js";
import { product } from "./tensors.js";

export function reshape() {
  return ([x], y) => y.set(x);
}

export function strided(node) {
  return ([x], y) => walk(node.shape, [node.strides], (i, j) => (y[i] = x[j]), node.offset);
}

export function gather() {
  return ([x, places], y) => {
    for (let i = 0; i < y.length; i++) y[i] = places[i] < 0 ? 0 : x[places[i]];
  };
}

export function take(node, [shape]) {
  const width = shape[shape.length - 1];
  const size = shape.length > 3 ? width * shape[shape.length - 2] : width;
  const { rows, columns, filled } = node;
  return ([x], y) => {
    for (let channel = 0, i = 0; channel < x.length; channel += size) {
      for (const row of rows) {
        const at = channel + row * width;
        for (const column of columns) y[i++] = row < 0 || column < 0 ? filled : x[at + column];
      }
    }
  };
}

// First along columns, then along rows: an upsampling by bilinear weights takes two numbers of each.
export const resample = {
  floats: (node, [shape]) => ({ kept: 0, scratch: (shape.length > 3 ? shape.at(-2) : 1) * node.columns.length }),

  build(node, [shape], { scratch }) {
    const width = shape.at(-1);
    const height = shape.length > 3 ? shape.at(-2) : 1;
    const columns = flatTaps(node.columns);
    const rows = flatTaps(node.rows);
    const [tall, wide] = [node.rows.length, node.columns.length];
    return ([x], y) => {
      for (let from = 0, to = 0; from < x.length; from += height * width, to += tall * wide) {
        for (let row = 0; row < height; row++) mixColumns(x, from + row * width, columns, scratch, row * wide, wide);
        for (let row = 0; row < tall; row++) mixRows(scratch, rows, row, wide, y, to + row * wide);
      }
    };
  },
};

// As many taps for each output as the one with most has; weights of 0 fill up the others.
function flatTaps(taps) {
  const most = Math.max(...taps.map((each) => each.length / 2));
  const places = new Int32Array(taps.length * most);
  const weights = new Float64Array(taps.length * most);
  taps.forEach((each, i) => {
    for (let k = 0; 2 * k < each.length; k++) {
      places[i * most + k] = each[2 * k];
      weights[i * most + k] = each[2 * k + 1];
    }
  });
  return { most, places, weights };
}

function mixColumns(x, from, { most, places, weights }, out, to, wide) {
  for (let column = 0, tap = 0; column < wide; column++) {
    let sum = 0;
    for (const end = tap + most; tap < end; tap++) sum += x[from + places[tap]] * weights[tap];
    out[to + column] = sum;
  }
}

function mixRows(x, { most, places, weights }, row, wide, out, to) {
  const first = row * most;
  for (let i = 0; i < wide; i++) out[to + i] = x[places[first] * wide + i] * weights[first];
  for (let tap = first + 1; tap < first + most; tap++) {
    const at = places[tap] * wide;
    for (let i = 0; i < wide; i++) out[to + i] += x[at + i] * weights[tap];
  }
}

export function concatenate(node) {
  const inner = product(node.shape.slice(node.axis + 1));
  const outer = product(node.shape.slice(0, node.axis));
  const sizes = node.sizes.map((size) => size * inner);
  return (parts, y) => {
    for (let row = 0, at = 0; row < outer; row++) {
      parts.forEach((part, k) => {
        y.set(part.subarray(row * sizes[k], (row + 1) * sizes[k]), at);
        at += sizes[k];
      });
    }
  };
}

export function reduce(node, [shape]) {
  const kept = shape.map((size, axis) => (node.axes.includes(axis) ? 0 : size));
  const steps = new Array(shape.length).fill(0);
  for (let d = shape.length - 1, step = 1; d >= 0; d--) {
    if (!kept[d]) continue;
    steps[d] = step;
    step *= kept[d];
  }
  const share = node.kind === "mean" ? product(node.shape) / product(shape) : 1;
  return ([x], y) => {
    y.fill(0);
    walk(shape, [steps], (i, j) => (y[j] += x[i]));
    for (let i = 0; i < y.length; i++) y[i] *= share;
  };
}

export function softmax(node) {
  const wide = node.shape[node.shape.length - 1];
  return ([x], y) => {
    for (let from = 0; from < x.length; from += wide) {
      let most = -Infinity;
      for (let i = from; i < from + wide; i++) most = Math.max(most, x[i]);
      let sum = 0;
      for (let i = from; i < from + wide; i++) sum += y[i] = Math.exp(x[i] - most);
      for (let i = from; i < from + wide; i++) y[i] /= sum;
    }
  };
}

export function pool(node, [shape]) {
  const [height, width] = shape.length > 3 ? shape.slice(-2) : [1, shape[shape.length - 1]];
  const [tall, wide] = shape.length > 3 ? node.shape.slice(-2) : [1, node.shape[node.shape.length - 1]];
  const { kernel, stride, padding, dilation, kind, divisor } = node;
  const mean = kind === "mean";
  const pooled = (x, from, top, left) => {
    let found = mean ? 0 : -Infinity;
    let count = 0;
    for (let a = 0; a < kernel[0]; a++) {
      const row = top + a * dilation[0];
      if (row < 0 || row >= height) continue;
      for (let b = 0; b < kernel[1]; b++) {
        const column = left + b * dilation[1];
        if (column < 0 || column >= width) continue;
        const value = x[from + row * width + column];
        found = mean ? found + value : Math.max(found, value);
        count++;
      }
    }
    if (!mean) return found;
    return found / (divisor || (node.counts_padding ? paddedCount(top, left) : count));
  };
  // Where padding counts, what a window of ceil_mode holds beyond it does not.
  const paddedCount = (top, left) =>
    (Math.min(top + kernel[0], height + padding[0]) - top) * (Math.min(left + kernel[1], width + padding[1]) - left);
  return ([x], y) => {
    for (let from = 0, i = 0; from < x.length; from += height * width) {
      for (let row = 0; row < tall; row++) {
        for (let column = 0; column < wide; column++) {
          y[i++] = pooled(x, from, row * stride[0] - padding[0], column * stride[1] - padding[1]);
        }
      }
    }
  };
}

// Convolutions as products of matrices: columns of the picture's patches times the kernels, four by four.

import { product } from "./tensors.js";

export function convScratch(node, [shape]) {
  const [, , tall, wide] = padShape(node.shape);
  const inner = (padShape(shape)[1] / node.groups) * product(node.kernel);
  return inner * tall * wide;
}

const padShape = (shape) => (shape.length > 3 ? shape : [shape[0], shape[1], 1, shape[2]]);

export function conv(node, [input], scratch) {
  const [, channels, height, width] = padShape(input);
  const [, filters, tall, wide] = padShape(node.shape);
  const { groups, kernel, stride, padding, dilation } = node;
  const own = channels / groups;
  const inner = own * product(kernel);
  const geometry = { channels: own, height, width, tall, wide, kernel, stride, padding, dilation };
  const isPoint = kernel[0] * kernel[1] === 1 && stride[0] * stride[1] === 1 && padding[0] + padding[1] === 0;
  return ([x, weight, bias], y) => {
    const size = tall * wide;
    for (let group = 0; group < groups; group++) {
      const part = x.subarray(group * own * height * width, (group + 1) * own * height * width);
      if (!isPoint) patches(part, geometry, scratch);
      const few = filters / groups;
      for (let f = 0; f < few; f++) y.fill(bias ? bias[group * few + f] : 0, (group * few + f) * size, (group * few + f + 1) * size);
      addProduct(weight, group * few * inner, isPoint ? part : scratch, y, group * few * size, few, inner, size);
    }
  };
}

// Every row of the matrix is one place of the kernel in one channel, seen from all places of the output.
export function patches(x, geometry, out) {
  const { channels, height, width, tall, wide, kernel, stride, padding, dilation } = geometry;
  let to = 0;
  for (let channel = 0; channel < channels; channel++) {
    for (let a = 0; a < kernel[0]; a++) {
      for (let b = 0; b < kernel[1]; b++) {
        const left = b * dilation[1] - padding[1];
        const low = Math.max(0, Math.ceil(-left / stride[1]));
        const high = Math.min(wide, Math.floor((width - 1 - left) / stride[1]) + 1);
        for (let row = 0; row < tall; row++, to += wide) {
          const from = row * stride[0] + a * dilation[0] - padding[0];
          if (from < 0 || from >= height || high <= low) {
            out.fill(0, to, to + wide);
            continue;
          }
          const at = (channel * height + from) * width + left;
          out.fill(0, to, to + low);
          out.fill(0, to + high, to + wide);
          for (let column = low; column < high; column++) out[to + column] = x[at + column * stride[1]];
        }
      }
    }
  }
}

// y (rows × size) += weight (rows × inner) · columns (inner × size), in blocks that stay in registers and caches.
export function addProduct(weight, start, columns, y, to, rows, inner, size) {
  const BLOCK = 64;
  for (let low = 0; low < inner; low += BLOCK) {
    const high = Math.min(inner, low + BLOCK);
    let row = 0;
    for (; row + 4 <= rows; row += 4) fourRows(weight, start + row * inner, columns, y, to + row * size, inner, size, low, high);
    for (; row < rows; row++) oneRow(weight, start + row * inner, columns, y, to + row * size, size, low, high);
  }
}

function fourRows(weight, start, columns, y, to, inner, size, low, high) {
  let j = 0;
  for (; j + 4 <= size; j += 4) {
    let a0 = 0, a1 = 0, a2 = 0, a3 = 0, b0 = 0, b1 = 0, b2 = 0, b3 = 0;
    let c0 = 0, c1 = 0, c2 = 0, c3 = 0, d0 = 0, d1 = 0, d2 = 0, d3 = 0;
    for (let k = low, w = start + low, at = low * size + j; k < high; k++, w++, at += size) {
      const x0 = columns[at], x1 = columns[at + 1], x2 = columns[at + 2], x3 = columns[at + 3];
      const p = weight[w], q = weight[w + inner], r = weight[w + 2 * inner], s = weight[w + 3 * inner];
      a0 += p * x0; a1 += p * x1; a2 += p * x2; a3 += p * x3;
      b0 += q * x0; b1 += q * x1; b2 += q * x2; b3 += q * x3;
      c0 += r * x0; c1 += r * x1; c2 += r * x2; c3 += r * x3;
      d0 += s * x0; d1 += s * x1; d2 += s * x2; d3 += s * x3;
    }
    const a = to + j, b = a + size, c = b + size, d = c + size;
    y[a] += a0; y[a + 1] += a1; y[a + 2] += a2; y[a + 3] += a3;
    y[b] += b0; y[b + 1] += b1; y[b + 2] += b2; y[b + 3] += b3;
    y[c] += c0; y[c + 1] += c1; y[c + 2] += c2; y[c + 3] += c3;
    y[d] += d0; y[d + 1] += d1; y[d + 2] += d2; y[d + 3] += d3;
  }
  for (; j < size; j++) {
    for (let row = 0; row < 4; row++) {
      let sum = 0;
      for (let k = low; k < high; k++) sum += weight[start + row * inner + k] * columns[k * size + j];
      y[to + row * size + j] += sum;
    }
  }
}

function oneRow(weight, start, columns, y, to, size, low, high) {
  for (let k = low; k < high; k++) {
    const value = weight[start + k];
    const at = k * size;
    for (let j = 0; j < size; j++) y[to + j] += value * columns[at + j];
  }
}

// Every number of the input is spread over a patch of the output.
export function convTranspose(node, [input]) {
  const [, channels, height, width] = padShape(input);
  const [, filters, tall, wide] = padShape(node.shape);
  const { groups, kernel, stride, padding, dilation } = node;
  const own = channels / groups;
  const few = filters / groups;
  const places = kernel[0] * kernel[1];
  const spread = (x, from, weight, at, y, to) => {
    for (let a = 0; a < kernel[0]; a++) {
      for (let b = 0; b < kernel[1]; b++) {
        const value = weight[at + a * kernel[1] + b];
        const left = b * dilation[1] - padding[1];
        const low = Math.max(0, Math.ceil(-left / stride[1]));
        const high = Math.min(width, Math.floor((wide - 1 - left) / stride[1]) + 1);
        for (let row = 0; row < height; row++) {
          const down = row * stride[0] + a * dilation[0] - padding[0];
          if (down < 0 || down >= tall) continue;
          const source = from + row * width;
          const target = to + down * wide + left;
          for (let column = low; column < high; column++) y[target + column * stride[1]] += value * x[source + column];
        }
      }
    }
  };
  return ([x, weight, bias], y) => {
    const size = tall * wide;
    for (let f = 0; f < filters; f++) y.fill(bias ? bias[f] : 0, f * size, (f + 1) * size);
    for (let channel = 0; channel < channels; channel++) {
      const first = Math.floor(channel / own) * few;
      for (let f = 0; f < few; f++) {
        spread(x, channel * height * width, weight, (channel * few + f) * places, y, (first + f) * size);
      }
    }
  };
}

// Convolutions as products of matrices: the kernels times what they see from every place of the output.

import { columnFloats, multiply, packWeights, weightFloats, WIDE } from "./product.js";

const fourSides = (shape) => (shape.length > 3 ? shape : [shape[0], shape[1], 1, shape[2]]);

function sizesOf(node, [input]) {
  const [, channels, height, width] = fourSides(input);
  const [, filters, tall, wide] = fourSides(node.shape);
  const places = node.kernel[0] * node.kernel[1];
  const own = channels / node.groups;
  const few = filters / node.groups;
  return { ...node, own, few, height, width, tall, wide, places, filters };
}

export const conv = {
  floats(node, shapes) {
    const { own, few, places, tall, wide, groups } = sizesOf(node, shapes);
    const inner = own * places;
    return { kept: groups * weightFloats(few, inner), scratch: columnFloats(inner, tall * wide) };
  },

  build(node, shapes, { engine, kept, scratch, constants }) {
    const sizes = sizesOf(node, shapes);
    const { own, few, height, width, places, groups } = sizes;
    const [inner, from, to] = [own * places, height * width, sizes.tall * sizes.wide];
    const wide = weightFloats(few, inner);
    const weights = Array.from({ length: groups }, (_, group) => kept.subarray(group * wide, (group + 1) * wide));
    weights.forEach((part, group) =>
      packWeights(part, few, inner, (row, k) => constants[1][(group * few + row) * inner + k]),
    );
    return ([x, , bias], y) => {
      for (let group = 0; group < groups; group++) {
        lookAround(x.subarray(group * own * from, (group + 1) * own * from), sizes, scratch);
        const shift = bias?.subarray(group * few, (group + 1) * few);
        multiply(engine, weights[group], scratch, y.subarray(group * few * to), few, inner, to, shift);
      }
    };
  },
};

// Pack, for every place of the output, what each place of the kernel sees there: a column of a matrix.
function lookAround(x, { own, height, width, tall, wide, kernel, stride, padding, dilation, places }, out) {
  const inner = own * places;
  const size = tall * wide;
  out.fill(0, 0, columnFloats(inner, size));
  for (let channel = 0, k = 0; channel < own; channel++) {
    for (let a = 0; a < kernel[0]; a++) {
      for (let b = 0; b < kernel[1]; b++, k++) {
        const left = b * dilation[1] - padding[1];
        const low = Math.max(0, Math.ceil(-left / stride[1]));
        const high = Math.min(wide, Math.floor((width - 1 - left) / stride[1]) + 1);
        for (let row = 0; row < tall; row++) {
          const from = row * stride[0] + a * dilation[0] - padding[0];
          if (from < 0 || from >= height) continue;
          let at = (channel * height + from) * width + left + low * stride[1];
          for (let place = row * wide + low, end = row * wide + high; place < end; place++, at += stride[1]) {
            out[((place >> 3) * inner + k) * WIDE + (place & 7)] = x[at];
          }
        }
      }
    }
  }
}

export const convTranspose = {
  floats(node, shapes) {
    const { own, few, places, height, width, groups } = sizesOf(node, shapes);
    const spread = few * places * height * width;
    return { kept: groups * weightFloats(few * places, own), scratch: columnFloats(own, height * width) + spread };
  },

  build(node, shapes, { engine, kept, scratch, constants }) {
    const sizes = sizesOf(node, shapes);
    const { own, few, places, height, width, groups, filters } = sizes;
    const [rows, from, to] = [few * places, height * width, sizes.tall * sizes.wide];
    const wide = weightFloats(rows, own);
    const weights = Array.from({ length: groups }, (_, group) => kept.subarray(group * wide, (group + 1) * wide));
    weights.forEach((part, group) =>
      packWeights(part, rows, own, (row, k) => constants[1][(group * own + k) * rows + row]),
    );
    const columns = scratch.subarray(0, columnFloats(own, from));
    const spread = scratch.subarray(columns.length, columns.length + rows * from);
    const whole = { own, height, width, tall: height, wide: width, kernel: [1, 1], places: 1 };
    const still = { stride: [1, 1], padding: [0, 0], dilation: [1, 1] };
    return ([x, , bias], y) => {
      for (let f = 0; f < filters; f++) y.fill(bias ? bias[f] : 0, f * to, (f + 1) * to);
      for (let group = 0; group < groups; group++) {
        lookAround(x.subarray(group * own * from, (group + 1) * own * from), { ...whole, ...still }, columns);
        multiply(engine, weights[group], columns, spread, rows, own, from, null);
        for (let f = 0; f < few; f++) {
          addPatches(spread.subarray(f * places * from), sizes, y.subarray((group * few + f) * to));
        }
      }
    };
  },
};

// Add what every place of the input paints with each place of the kernel.
function addPatches(spread, { height, width, tall, wide, kernel, stride, padding, dilation }, y) {
  let at = 0;
  for (let a = 0; a < kernel[0]; a++) {
    for (let b = 0; b < kernel[1]; b++) {
      const left = b * dilation[1] - padding[1];
      const low = Math.max(0, Math.ceil(-left / stride[1]));
      const high = Math.min(width, Math.floor((wide - 1 - left) / stride[1]) + 1);
      for (let row = 0; row < height; row++, at += width) {
        const down = row * stride[0] + a * dilation[0] - padding[0];
        if (down < 0 || down >= tall) continue;
        const to = down * wide + left;
        for (let column = low; column < high; column++) y[to + column * stride[1]] += spread[at + column];
      }
    }
  }
}

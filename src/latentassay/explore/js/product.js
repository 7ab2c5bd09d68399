// Products of matrices in tiles of 4 × 8: weights lie packed by four rows, columns by eight.

import { tileModule } from "./simd.js";

export const TALL = 4;
export const WIDE = 8;

const up = (count, step) => Math.ceil(count / step) * step;

export const weightFloats = (rows, inner) => up(rows, TALL) * inner;
export const columnFloats = (inner, size) => up(size, WIDE) * inner;

// The tile function on a memory: WebAssembly where the browser has SIMD, or else the same in JavaScript.
export function tileOn(memory) {
  try {
    const module = new WebAssembly.Module(tileModule());
    return new WebAssembly.Instance(module, { page: { memory } }).exports.tile;
  } catch {
    return plainTile(new Float32Array(memory.buffer));
  }
}

export function plainTile(floats) {
  const sums = new Float64Array(TALL * WIDE);
  return (w, x, out, n) => {
    sums.fill(0);
    for (let k = 0, a = w / 4, b = x / 4; k < n; k++, a += TALL, b += WIDE) {
      for (let row = 0, i = 0; row < TALL; row++) {
        const weight = floats[a + row];
        for (let column = 0; column < WIDE; column++, i++) sums[i] += weight * floats[b + column];
      }
    }
    floats.set(sums, out / 4);
  };
}

// Pack rows × inner numbers, of which read(row, k) returns one; rows that are missing stay 0.
export function packWeights(into, rows, inner, read) {
  for (let row = 0; row < rows; row++) {
    const start = Math.floor(row / TALL) * TALL * inner + (row % TALL);
    for (let k = 0; k < inner; k++) into[start + k * TALL] = read(row, k);
  }
}

// y (rows × size) = weights · columns + a bias for each row.
export function multiply({ tile, out }, weights, columns, y, rows, inner, size, bias) {
  for (let row = 0; row < rows; row += TALL) {
    const w = weights.byteOffset + 4 * row * inner;
    const high = Math.min(TALL, rows - row);
    for (let column = 0; column < size; column += WIDE) {
      tile(w, columns.byteOffset + 4 * column * inner, out.byteOffset, inner);
      const wide = Math.min(WIDE, size - column);
      for (let r = 0; r < high; r++) {
        const shift = bias ? bias[row + r] : 0;
        const to = (row + r) * size + column;
        for (let c = 0; c < wide; c++) y[to + c] = out[r * WIDE + c] + shift;
      }
    }
  }
}

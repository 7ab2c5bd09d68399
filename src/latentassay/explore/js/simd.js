// A WebAssembly function of one job: a tile of 4 × 8 numbers of a product of matrices, four numbers at a time.
//
//   tile(w, x, out, n): out[r][c] = Σ_k w[k][r] · x[k][c],  r < 4, c < 8, k < n;  all places in bytes.

const [I32, V128, VOID] = [0x7f, 0x7b, 0x40];
const [GET, SET, TEE, CONST, ADD, SUB] = [0x20, 0x21, 0x22, 0x41, 0x6a, 0x6b];
const [LOOP, END, BR_IF] = [0x03, 0x0b, 0x0d];
const LOAD = [0xfd, 0x00];
const SPLAT = [0xfd, 0x09];
const STORE = [0xfd, 0x0b];
const F32X4_ADD = [0xfd, 0xe4, 0x01];
const F32X4_MUL = [0xfd, 0xe6, 0x01];
const ROWS = [0, 1, 2, 3];
const HALVES = [0, 1];

// Numbers of locals: four parameters, eight sums, two halves of x, one weight in all four places.
const [W, X, OUT, N] = [0, 1, 2, 3];
const sum = (row, half) => 4 + 2 * row + half;
const part = (half) => 12 + half;
const WEIGHT = 14;

function body() {
  const step = (local, bytes) => [GET, local, CONST, bytes, ADD, SET, local];
  const multiply = (row) => [
    ...[GET, W, ...SPLAT, 2, 4 * row, SET, WEIGHT],
    ...HALVES.flatMap((half) => [
      ...[GET, sum(row, half), GET, WEIGHT, GET, part(half), ...F32X4_MUL, ...F32X4_ADD, SET, sum(row, half)],
    ]),
  ];
  return [
    ...[LOOP, VOID],
    ...HALVES.flatMap((half) => [GET, X, ...LOAD, 4, 16 * half, SET, part(half)]),
    ...ROWS.flatMap(multiply),
    ...step(W, 16),
    ...step(X, 32),
    ...[GET, N, CONST, 1, SUB, TEE, N, BR_IF, 0, END],
    ...ROWS.flatMap((row) =>
      HALVES.flatMap((half) => [GET, OUT, GET, sum(row, half), ...STORE, 4, ...unsigned(32 * row + 16 * half)]),
    ),
    END,
  ];
}

function unsigned(value) {
  return value < 128 ? [value] : [(value & 127) | 128, value >> 7];
}

const text = (word) => [word.length, ...new TextEncoder().encode(word)];
const section = (kind, content) => [kind, ...unsigned(content.length), ...content];

export function tileModule() {
  const code = [2, 11, V128, 0, I32, ...body()]; // two groups of locals: eleven vectors, no further integers
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 4, I32, I32, I32, I32, 0]),
    ...section(2, [1, ...text("page"), ...text("memory"), 2, 0, 1]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...text("tile"), 0, 0]),
    ...section(10, [1, ...unsigned(code.length), ...code]),
  ]);
}

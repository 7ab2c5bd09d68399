// Functions of single numbers, and of pairs of them.

const TANH_GELU = Math.sqrt(2 / Math.PI);

// Abramowitz & Stegun 7.1.26 is off by 1e-7 at most, which is a float's rounding.
export function erf(x) {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const y = 1 - series * Math.exp(-x * x);
  return x < 0 ? -y : y;
}

// Each function as an expression of x, so that every loop is compiled for the one in it: a call through a variable that
// has held several functions takes longer than most of them.
const FUNCTIONS = {
  abs: () => "Math.abs(x)",
  clamp: ({ low, high }) => `Math.min(${number(high ?? Infinity)}, Math.max(${number(low ?? -Infinity)}, x))`,
  cos: () => "Math.cos(x)",
  elu: ({ alpha, scale, input_scale: inner }) =>
    `x > 0 ? ${number(scale)} * x : ${number(scale * alpha)} * Math.expm1(${number(inner)} * x)`,
  erf: () => "erf(x)",
  exp: () => "Math.exp(x)",
  gelu: ({ approximate }) =>
    approximate === "tanh"
      ? `0.5 * x * (1 + Math.tanh(${TANH_GELU} * (x + 0.044715 * x * x * x)))`
      : `0.5 * x * (1 + erf(x * ${Math.SQRT1_2}))`,
  hardsigmoid: () => "Math.min(1, Math.max(0, x / 6 + 0.5))",
  hardswish: () => "x * Math.min(1, Math.max(0, x / 6 + 0.5))",
  leaky_relu: ({ negative_slope: slope }) => `x > 0 ? x : ${number(slope)} * x`,
  log: () => "Math.log(x)",
  log1p: () => "Math.log1p(x)",
  log_sigmoid: () => "Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x)))",
  // x tanh(log(1 + e)) = x n / (n + 2) with n = e² + 2e and e = exp(x): one function in the place of three.
  mish: () => "x > 20 ? x : (e = Math.exp(x), n = e * (e + 2), (x * n) / (n + 2))",
  neg: () => "-x",
  pow: ({ exponent }) => (exponent === 2 ? "x * x" : `x ** ${number(exponent)}`),
  reciprocal: () => "1 / x",
  relu: () => "x > 0 ? x : 0",
  rsqrt: () => "1 / Math.sqrt(x)",
  sigmoid: () => "1 / (1 + Math.exp(-x))",
  silu: () => "x / (1 + Math.exp(-x))",
  sin: () => "Math.sin(x)",
  softplus: ({ beta, threshold }) =>
    `${number(beta)} * x > ${number(threshold)} ? x : Math.log1p(Math.exp(${number(beta)} * x)) / ${number(beta)}`,
  sqrt: () => "Math.sqrt(x)",
  tanh: () => "Math.tanh(x)",
};

// The same of two numbers, a and b.
const PAIRS = {
  add: ({ factor }) => (factor === 1 ? "a + b" : `a + ${number(factor)} * b`),
  div: () => "a / b",
  maximum: () => "Math.max(a, b)",
  minimum: () => "Math.min(a, b)",
  mul: () => "a * b",
  prelu: () => "a > 0 ? a : a * b",
  sub: ({ factor }) => (factor === 1 ? "a - b" : `a - ${number(factor)} * b`),
};

// Only numbers come into what is compiled.
const number = (value) => `(${Number(value)})`;

export function unary(node) {
  const expression = FUNCTIONS[node.kind](node);
  const body = `let e, n; for (let i = 0; i < out.length; i++) { const x = values[i]; out[i] = ${expression}; }`;
  const each = new Function("values", "out", "erf", body);
  return ([x], y) => each(x, y, erf);
}

export function binary(node, shapes) {
  const steps = shapes.map((shape) => broadcastSteps(shape, node.shape));
  const outer = node.shape.slice(0, repeatedFrom(node.shape, steps));
  const run = node.shape.slice(outer.length).reduce((all, size) => all * size, 1);
  // Dimensions of one element have no step of their own, so the last that is walked along tells.
  const along = node.shape.findLastIndex((size) => size > 1);
  const [p, q] = steps.map((each) => (run > 1 && each[along] === 0 ? 0 : 1));
  const body = `for (let i = 0; i < ${number(run)}; i++, j += ${p}, k += ${q}) {
    const a = first[j], b = second[k]; out[at + i] = ${PAIRS[node.kind](node)}; }`;
  const pairs = new Function("first", "j", "second", "k", "out", "at", body);
  const ways = steps.map((each) => each.slice(0, outer.length));
  return ([a, b], y) => walk(outer, ways, (i, j, k) => pairs(a, j, b, k, y, i * run));
}

// The first dimension from which on each of two tensors is walked through in order, or repeats one number.
function repeatedFrom(shape, steps) {
  let from = shape.length;
  let size = 1;
  const kinds = steps.map(() => null);
  while (from > 0) {
    const wide = shape[from - 1];
    const found = steps.map((each, k) => (wide === 1 ? kinds[k] : each[from - 1] === 0 ? "one" : each[from - 1] === size ? "all" : "no"));
    if (found.some((kind, k) => kind === "no" || (kinds[k] && kind !== kinds[k]))) break;
    found.forEach((kind, k) => (kinds[k] = kind));
    size *= wide;
    from--;
  }
  return from;
}

// Steps through a smaller tensor while a larger one is walked through; 0 where it is repeated.
export function broadcastSteps(shape, whole) {
  const steps = new Array(whole.length).fill(0);
  for (let d = shape.length - 1, step = 1, at = whole.length - 1; d >= 0; d--, at--) {
    if (shape[d] > 1) steps[at] = step;
    step *= shape[d];
  }
  return steps;
}

// Call visit(i, j, k …) for every place i of a shape, and the places that steps lead to.
export function walk(shape, [first, second], visit, offset = 0) {
  const last = shape.length - 1;
  const count = shape.map(() => 0);
  const total = shape.reduce((all, size) => all * size, 1);
  let j = offset;
  let k = 0;
  for (let i = 0; i < total; i++) {
    visit(i, j, k);
    for (let d = last; d >= 0; d--) {
      count[d]++;
      j += first[d];
      if (second) k += second[d];
      if (count[d] < shape[d]) break;
      count[d] = 0;
      j -= first[d] * shape[d];
      if (second) k -= second[d] * shape[d];
    }
  }
}

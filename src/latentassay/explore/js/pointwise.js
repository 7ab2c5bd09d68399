// Functions of single numbers, and of pairs of them.

const TANH_GELU = Math.sqrt(2 / Math.PI);

// Abramowitz & Stegun 7.1.26 is off by 1e-7 at most, which is a float's rounding.
export function erf(x) {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const y = 1 - series * Math.exp(-x * x);
  return x < 0 ? -y : y;
}

const softplus = (x) => (x > 20 ? x : Math.log1p(Math.exp(x)));
const sigmoid = (x) => 1 / (1 + Math.exp(-x));

// tanh(softplus(x)) = (e² + 2e) / (e² + 2e + 2) with e = exp(x): one exponential in the place of three functions.
function mish(x) {
  if (x > 20) return x;
  const e = Math.exp(x);
  const n = e * (e + 2);
  return (x * n) / (n + 2);
}

const FUNCTIONS = {
  abs: () => Math.abs,
  clamp: ({ low, high }) => {
    const least = low ?? -Infinity;
    const most = high ?? Infinity;
    return (x) => Math.min(most, Math.max(least, x));
  },
  cos: () => Math.cos,
  elu: ({ alpha, scale, input_scale }) => (x) => (x > 0 ? scale * x : scale * alpha * Math.expm1(input_scale * x)),
  erf: () => erf,
  exp: () => Math.exp,
  gelu: ({ approximate }) =>
    approximate === "tanh"
      ? (x) => 0.5 * x * (1 + Math.tanh(TANH_GELU * (x + 0.044715 * x * x * x)))
      : (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2)),
  hardsigmoid: () => (x) => Math.min(1, Math.max(0, x / 6 + 0.5)),
  hardswish: () => (x) => x * Math.min(1, Math.max(0, x / 6 + 0.5)),
  leaky_relu: ({ negative_slope }) => (x) => (x > 0 ? x : negative_slope * x),
  log: () => Math.log,
  log1p: () => Math.log1p,
  log_sigmoid: () => (x) => -softplus(-x),
  mish: () => mish,
  neg: () => (x) => -x,
  pow: ({ exponent }) => (exponent === 2 ? (x) => x * x : (x) => x ** exponent),
  reciprocal: () => (x) => 1 / x,
  relu: () => (x) => (x > 0 ? x : 0),
  rsqrt: () => (x) => 1 / Math.sqrt(x),
  sigmoid: () => sigmoid,
  silu: () => (x) => x * sigmoid(x),
  sin: () => Math.sin,
  softplus: ({ beta, threshold }) => (x) => (beta * x > threshold ? x : Math.log1p(Math.exp(beta * x)) / beta),
  sqrt: () => Math.sqrt,
  tanh: () => Math.tanh,
};

const PAIRS = {
  add: ({ factor }) => (factor === 1 ? (a, b) => a + b : (a, b) => a + factor * b),
  div: () => (a, b) => a / b,
  maximum: () => Math.max,
  minimum: () => Math.min,
  mul: () => (a, b) => a * b,
  prelu: () => (a, b) => (a > 0 ? a : a * b),
  sub: ({ factor }) => (a, b) => a - factor * b,
};

export const UNARY = Object.keys(FUNCTIONS);

// Each node gets a loop of its own, which the engine specialises for the one function in it.
const loop = (body) => new Function("f", "x", "y", body);

export function unary(node) {
  const f = FUNCTIONS[node.kind](node);
  const each = loop("for (let i = 0; i < y.length; i++) y[i] = f(x[i]);");
  return ([x], y) => each(f, x, y);
}

export function binary(node, shapes) {
  const f = PAIRS[node.kind](node);
  const steps = shapes.map((shape) => broadcastSteps(shape, node.shape));
  return ([a, b], y) => {
    if (a.length === y.length && b.length === y.length) {
      for (let i = 0; i < y.length; i++) y[i] = f(a[i], b[i]);
    } else walk(node.shape, steps, (i, j, k) => (y[i] = f(a[j], b[k])));
  };
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

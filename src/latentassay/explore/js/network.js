// A network: a graph of operations that is built once and run for one input at a time.

import { Arena } from "./arena.js";
import { conv, convTranspose } from "./convolution.js";
import { concatenate, gather, pool, reduce, resample, reshape, softmax, strided, take } from "./layout.js";
import { affine, matmul, normalise } from "./linear.js";
import { binary, unary } from "./pointwise.js";
import { TALL, tileOn, WIDE } from "./product.js";
import { product, unpack } from "./tensors.js";

// An operation is built of its node and the shapes of its inputs, and then run on inputs and an output. Some say with
// floats(node, shapes) how much memory they keep, and how much they share with all others while they run.
const simple = (build) => ({ floats: () => ({ kept: 0, scratch: 0 }), build });

const OPERATIONS = {
  affine: simple(affine),
  binary: simple(binary),
  concatenate: simple(concatenate),
  conv,
  conv_transpose: convTranspose,
  gather: simple(gather),
  matmul: simple(matmul),
  normalise: simple(normalise),
  pool: simple(pool),
  reduce: simple(reduce),
  resample,
  reshape: simple(reshape),
  softmax: simple(softmax),
  strided: simple(strided),
  take: simple(take),
  unary: simple(unary),
};

export class Network {
  // graph: nodes on numbered values; tensors: where each constant lies in bytes.
  constructor(graph, tensors, bytes) {
    this.output = graph.output;
    const entries = tensors.slice(graph.first, graph.first + graph.constants);
    this.constants = entries.map((entry) => unpack(entry, bytes));
    const shapes = [graph.shape, ...graph.nodes.map((node) => node.shape)];
    const shapeOf = (number) => (number < 0 ? entries[-1 - number].shape : shapes[number]);
    this.values = [];
    const arena = new Arena();
    shapes.forEach((shape, number) => arena.reserve(product(shape), (view) => (this.values[number] = view)));
    const kept = this.reserve(arena, graph.nodes, shapeOf);
    const engine = {};
    arena.reserve(TALL * WIDE, (view) => (engine.out = view));
    engine.tile = tileOn(arena.allocate());
    this.steps = graph.nodes.map((node, k) => {
      const inputs = node.in.map((number) => this.value(number));
      const given = { engine, kept: kept[k], scratch: kept.scratch, constants: inputs };
      const run = OPERATIONS[node.op].build(node, node.in.map(shapeOf), given);
      return () => run(inputs, this.values[k + 1]);
    });
  }

  reserve(arena, nodes, shapeOf) {
    const kept = [];
    let shared = 0;
    nodes.forEach((node, k) => {
      if (!OPERATIONS[node.op]) throw new Error(`there is no operation ${node.op}`);
      const floats = OPERATIONS[node.op].floats(node, node.in.map(shapeOf));
      arena.reserve(floats.kept, (view) => (kept[k] = view));
      shared = Math.max(shared, floats.scratch);
    });
    arena.reserve(shared, (view) => (kept.scratch = view));
    return kept;
  }

  value(number) {
    return number < 0 ? this.constants[-1 - number] : this.values[number];
  }

  // The output is overwritten by the next run.
  run(input) {
    this.values[0].set(input);
    for (const step of this.steps) step();
    return this.value(this.output);
  }
}

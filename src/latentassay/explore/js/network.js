// A network: a graph of operations that is built once and run for one input at a time.

import { Arena } from "./arena.js";
import { conv, convScratch, convTranspose } from "./convolution.js";
import { concatenate, gather, pool, reduce, resample, resampleScratch, reshape, softmax, strided, take } from "./layout.js";
import { affine, matmul, normalise } from "./linear.js";
import { binary, unary } from "./pointwise.js";
import { product, unpack } from "./tensors.js";

const KERNELS = {
  affine,
  binary,
  concatenate,
  conv,
  conv_transpose: convTranspose,
  gather,
  matmul,
  normalise,
  pool,
  reduce,
  resample,
  reshape,
  softmax,
  strided,
  take,
  unary,
};

const SCRATCH = { conv: convScratch, resample: resampleScratch };

export class Network {
  // graph: nodes on numbered values; tensors: where each constant lies in bytes.
  constructor(graph, tensors, bytes) {
    this.graph = graph;
    const own = tensors.slice(graph.first, graph.first + graph.constants);
    const shapes = [graph.shape, ...graph.nodes.map((node) => node.shape)];
    const shapeOf = (number) => (number < 0 ? own[-1 - number].shape : shapes[number]);
    const arena = new Arena();
    this.values = shapes.map(() => null);
    this.constants = own.map(() => null);
    shapes.forEach((shape, number) => arena.reserve(product(shape), (view) => (this.values[number] = view)));
    own.forEach((entry, k) => arena.reserve(entry.count, (view) => (this.constants[k] = view)));
    const needed = graph.nodes.map((node) => SCRATCH[node.op]?.(node, node.in.map(shapeOf)) ?? 0);
    let scratch = null;
    arena.reserve(Math.max(0, ...needed), (view) => (scratch = view));
    arena.allocate();
    own.forEach((entry, k) => unpack(entry, bytes, this.constants[k]));
    this.steps = graph.nodes.map((node, k) => {
      const kernel = KERNELS[node.op];
      if (!kernel) throw new Error(`no kernel for ${node.op}`);
      const run = kernel(node, node.in.map(shapeOf), scratch);
      const inputs = node.in.map((number) => (number < 0 ? this.constants[-1 - number] : this.values[number]));
      return () => run(inputs, this.values[k + 1]);
    });
  }

  // The output is overwritten by the next run.
  run(input) {
    this.values[0].set(input);
    for (const step of this.steps) step();
    const { output } = this.graph;
    return output < 0 ? this.constants[-1 - output] : this.values[output];
  }
}

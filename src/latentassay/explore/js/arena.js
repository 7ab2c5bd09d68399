// Memory of one network: every tensor is a view of one buffer, so that the SIMD kernel can reach all of them.

export class Arena {
  constructor() {
    this.floats = 0;
    this.memory = null;
    this.waiting = [];
  }

  // Reserve so many floats; the view is handed over once all is reserved.
  reserve(count, take) {
    const start = this.floats;
    this.floats += (count + 3) & ~3; // SIMD loads four at a time
    this.waiting.push(() => take(new Float32Array(this.memory.buffer, 4 * start, count)));
  }

  allocate() {
    const pages = Math.ceil((4 * this.floats) / 65536) + 1;
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    for (const give of this.waiting) give();
    this.waiting = [];
  }
}

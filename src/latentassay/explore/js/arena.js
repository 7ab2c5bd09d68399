// Memory of one network: every tensor is a view of one buffer, so that WebAssembly can reach all of them.

export class Arena {
  constructor() {
    this.floats = 0;
    this.waiting = [];
  }

  // Reserve so many floats; take gets a view of them once all is reserved.
  reserve(count, take) {
    const start = this.floats;
    this.floats += Math.ceil(count / 4) * 4; // vectors of four begin at multiples of 16 bytes
    this.waiting.push((buffer) => take(new Float32Array(buffer, 4 * start, count)));
  }

  allocate() {
    const pages = Math.ceil((4 * this.floats) / 65536) + 1;
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    for (const give of this.waiting) give(memory.buffer);
    return memory;
  }
}

// Asks the worker one thing at a time: what is looked at first, and only the newest question of each lane.

export const LANES = ["live", "asked", "again", "walk", "map"];

export class Engine {
  constructor(script) {
    this.worker = new Worker(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
    this.waiting = new Map();
    this.asked = null;
    this.count = 0;
    this.worker.onmessage = ({ data }) => this.answered(data);
    this.worker.onerror = (event) => this.answered({ error: event.message });
  }

  // Resolves with the answer, or with null where a newer question took its place.
  ask(lane, task, given) {
    return new Promise((resolve, reject) => {
      this.waiting.get(lane)?.resolve(null);
      this.waiting.set(lane, { task, given, resolve, reject });
      this.next();
    });
  }

  next() {
    const lane = this.asked ? null : LANES.find((name) => this.waiting.has(name));
    if (!lane) return;
    this.asked = this.waiting.get(lane);
    this.waiting.delete(lane);
    this.worker.postMessage({ id: ++this.count, task: this.asked.task, given: this.asked.given });
  }

  answered({ answer, error }) {
    const { resolve, reject } = this.asked;
    this.asked = null;
    if (error) reject(new Error(error));
    else resolve(answer);
    this.next();
  }
}

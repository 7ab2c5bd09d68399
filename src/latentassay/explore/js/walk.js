// A walk between two samples: the way that keeps to what the model recognises, and the straight line, side by side.

import { styleOf } from "./colours.js";
import { between, pointOf } from "./latents.js";
import { paint } from "./picture.js";
import { element } from "./sliders.js";

const SECONDS = 5;

export class Walks {
  constructor(root, facts, engine, show) {
    Object.assign(this, { root, facts, engine, show });
    this.find = (name) => root.querySelector(name);
    this.slider = this.find("input");
    this.slider.addEventListener("input", () => this.step(Number(this.slider.value)));
    this.find(".play").addEventListener("click", () => this.toggle());
    this.find(".take").addEventListener("click", () => this.show(this.latent("manifold"), this.walk));
    new ResizeObserver(() => this.draw()).observe(this.find(".profile"));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    this.buttons = facts.walks.map((walk, k) => this.button(walk, k));
    this.find(".choices").append(...this.buttons);
    this.choose(0);
  }

  button(walk, k) {
    const made = element("button", "choice");
    made.type = "button";
    made.setAttribute("aria-label", `Walk ${k + 1}`);
    for (const end of [walk.a, walk.b]) {
      const canvas = element("canvas", "thumb");
      paint(canvas, this.facts.samples[end], this.facts.xShape, this.facts.reach);
      made.append(canvas);
      if (end === walk.a) made.append(element("span", "arrow", "→"));
    }
    made.addEventListener("click", () => this.choose(k));
    return made;
  }

  choose(k) {
    this.walk = this.facts.walks[k];
    this.buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(i === k)));
    this.find(".variant").textContent = this.walk.variant;
    this.step(0.5);
  }

  latent(kind) {
    const { way } = this.walk;
    return kind === "manifold" ? pointOf(way, this.share) : between(way[0], way[way.length - 1], this.share);
  }

  async step(share) {
    this.share = share;
    this.slider.value = share;
    this.draw();
    const shown = this.walk;
    for (const kind of ["manifold", "straight"]) {
      const answer = await this.engine.ask("walk", "respond", { z: this.latent(kind) });
      if (!answer || shown !== this.walk) return;
      paint(this.find(`.${kind} canvas`), answer.x, this.facts.xShape, this.facts.reach);
      this.say(this.find(`.${kind} .verdict`), answer.distance);
    }
  }

  say(output, distance) {
    const hole = distance > this.facts.threshold;
    output.textContent = `moves ${distance.toPrecision(2)}${hole ? ", in a hole" : ""}`;
    output.classList.toggle("hole", hole);
  }

  toggle() {
    this.playing = !this.playing;
    this.find(".play").textContent = this.playing ? "Stop" : "Play";
    if (this.playing) this.play(performance.now(), this.share >= 1 ? 0 : this.share);
  }

  play(began, from) {
    const turn = async () => {
      if (!this.playing) return;
      const share = Math.min(1, from + (performance.now() - began) / (1000 * SECONDS));
      await this.step(share);
      if (share < 1) requestAnimationFrame(turn);
      else this.toggle();
    };
    requestAnimationFrame(turn);
  }

  // Response distances along both ways, and the distance beyond which holes begin.
  draw() {
    const canvas = this.find(".profile");
    const ratio = devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!width || !this.walk) return;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const style = styleOf(canvas);
    const { distance, straight } = this.walk;
    const most = 1.12 * Math.max(this.facts.threshold, ...distance, ...straight);
    const y = (value) => height - 6 - (value / most) * (height - 12);
    const line = (values, colour, dash) => {
      context.strokeStyle = colour;
      context.setLineDash(dash);
      context.beginPath();
      values.forEach((value, i) => context.lineTo((i / (values.length - 1)) * width, y(value)));
      context.stroke();
    };
    context.lineWidth = 1;
    line([this.facts.threshold, this.facts.threshold], style.hole, [5, 3]);
    context.fillStyle = style.hole;
    context.font = "12px sans-serif";
    context.fillText("holes begin", 4, y(this.facts.threshold) - 5);
    context.lineWidth = 2;
    line(straight, style.quiet, [4, 4]);
    line(distance, style.real, []);
    context.setLineDash([]);
    context.strokeStyle = style.main;
    context.beginPath();
    context.moveTo(this.share * width, 0);
    context.lineTo(this.share * width, height);
    context.stroke();
  }
}

// The map: a plane of two units coloured by response distance, or all codes in the two directions of most variance.

import { colourOf, rgbOf, styleOf } from "./colours.js";
import { contour } from "./contour.js";
import { along, put } from "./latents.js";
import { moveTo, principalPlane, project } from "./principal.js";

const NEAR = 9; // pixels within which a click means a dot
const FIRST = 12; // points along each side of a map that was not measured before
const FINE = 28;
const CHUNK = 12; // latents that the worker is asked for at once, so that sliders wait for few

export class PlaneMap {
  constructor(canvas, facts, place, engine) {
    Object.assign(this, { canvas, facts, place, engine });
    this.view = facts.plane ? "plane" : "codes";
    this.units = facts.plane ?? [0, 0];
    this.principal = principalPlane(facts.codes);
    this.response = null;
    this.walk = null;
    this.field = facts.map ? { values: facts.map, side: facts.mapSide, key: this.key() } : null;
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("pointermove", (event) => event.buttons && this.press(event));
    canvas.addEventListener("keydown", (event) => this.step(event));
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    place.watch(() => this.moved());
  }

  show(view, units = this.units) {
    this.view = view;
    this.units = units;
    this.moved();
  }

  // What the map of the plane depends on: all that is not on it.
  key() {
    const z = this.place.z.slice();
    for (const unit of this.units) put(z, this.place.sliders[unit], 0);
    return `${this.units}|${Array.from(z, (value) => value.toFixed(3))}`;
  }

  moved() {
    this.draw();
    if (this.view === "plane" && this.engine && this.field?.key !== this.key()) this.measure();
  }

  async measure() {
    const key = this.key();
    this.wanted = key;
    for (const side of [FIRST, FINE]) {
      const values = await this.grid(side, key);
      if (!values) return;
      this.field = { values, side, key };
      this.draw();
    }
  }

  async grid(side, key) {
    const size = this.place.z.length;
    const values = new Float32Array(side * side);
    for (let from = 0; from < values.length; from += CHUNK) {
      const count = Math.min(CHUNK, values.length - from);
      const latents = new Float32Array(count * size);
      for (let i = 0; i < count; i++) latents.set(this.gridLatent(side, from + i), i * size);
      const answer = await this.engine.ask("map", "distances", { latents, size });
      if (!answer || this.wanted !== key || this.view !== "plane") return null;
      values.set(answer.distances, from);
    }
    return values;
  }

  gridLatent(side, at) {
    const z = this.place.z.slice();
    const shares = [at % side, Math.floor(at / side)].map((step) => step / (side - 1));
    this.units.forEach((unit, k) => {
      const slider = this.place.sliders[unit];
      put(z, slider, slider.low + shares[k] * (slider.high - slider.low));
    });
    return z;
  }

  // Where a latent lies on the view, in its own units.
  pointOf(z) {
    if (this.view === "codes") return project(this.principal, z);
    return this.units.map((unit) => along(z, this.place.sliders[unit]));
  }

  extent() {
    if (this.view === "plane") return this.units.map((unit) => [this.place.sliders[unit].low, this.place.sliders[unit].high]);
    this.codesExtent ??= [0, 1].map((k) => {
      const values = this.facts.codes.map((z) => project(this.principal, z)[k]);
      const [low, high] = [Math.min(...values), Math.max(...values)];
      const slack = 0.08 * (high - low || 1);
      return [low - slack, high + slack];
    });
    return this.codesExtent;
  }

  pixels([x, y]) {
    const [[left, right], [low, high]] = this.extent();
    return [((x - left) / (right - left)) * this.side, this.side - ((y - low) / (high - low)) * this.side];
  }

  go(point) {
    if (this.view === "codes") this.place.go(moveTo(this.principal, this.place.z, point));
    else this.place.set(this.units.map((unit, k) => [unit, point[k]]));
  }

  press(event) {
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    const box = this.canvas.getBoundingClientRect();
    const at = [event.clientX - box.left, event.clientY - box.top].map((v) => Math.min(this.side, Math.max(0, v)));
    if (this.view === "codes" && event.type === "pointerdown") {
      const near = this.nearest(at);
      if (near) return this.place.go(near);
    }
    const [[left, right], [low, high]] = this.extent();
    this.go([left + (at[0] / this.side) * (right - left), high - (at[1] / this.side) * (high - low)]);
  }

  nearest(at) {
    let best = null;
    let least = NEAR;
    for (const z of this.facts.codes) {
      const [x, y] = this.pixels(this.pointOf(z));
      const away = Math.hypot(x - at[0], y - at[1]);
      if (away < least) [best, least] = [z, away];
    }
    return best;
  }

  step(event) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    const size = event.shiftKey ? 0.1 : 0.02;
    const now = this.pointOf(this.place.z);
    this.go(this.extent().map(([low, high], k) => Math.min(high, Math.max(low, now[k] + move[k] * size * (high - low)))));
  }

  draw() {
    const { canvas } = this;
    const ratio = devicePixelRatio || 1;
    this.side = canvas.clientWidth;
    if (!this.side) return;
    canvas.width = canvas.height = Math.round(this.side * ratio);
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const style = styleOf(canvas);
    if (this.view === "plane") this.drawField(context, style);
    this.drawCodes(context, style);
    this.drawWalk(context, style);
    this.drawPlace(context, style);
  }

  drawField(context, style) {
    if (!this.field || this.field.key.split("|")[0] !== String(this.units)) return;
    const { values, side, key } = this.field;
    const small = new OffscreenCanvas(side, side);
    const inner = small.getContext("2d");
    const image = inner.createImageData(side, side);
    for (let i = 0; i < values.length; i++) {
      const { colour, opacity } = colourOf(values[i] / this.facts.threshold, style);
      const at = 4 * ((side - 1 - Math.floor(i / side)) * side + (i % side));
      image.data.set([...rgbOf(colour), Math.round(255 * opacity)], at);
    }
    inner.putImageData(image, 0, 0);
    context.save();
    context.globalAlpha = key === this.key() ? 1 : 0.35;
    const cell = this.side / (side - 1);
    context.beginPath();
    context.rect(0, 0, this.side, this.side);
    context.clip();
    context.drawImage(small, -cell / 2, -cell / 2, this.side + cell, this.side + cell);
    context.strokeStyle = style.hole;
    context.lineWidth = 1.5;
    context.setLineDash([5, 3]);
    context.beginPath();
    for (const [a, b] of contour(values, side, side, this.facts.threshold)) {
      context.moveTo(a[0] * cell, this.side - a[1] * cell);
      context.lineTo(b[0] * cell, this.side - b[1] * cell);
    }
    context.stroke();
    context.restore();
  }

  drawCodes(context, style) {
    const { codes, drawn, drawnDistance, threshold } = this.facts;
    context.fillStyle = style.real;
    context.globalAlpha = this.view === "codes" ? 0.75 : 0.4;
    for (const z of codes) this.dot(context, this.pixels(this.pointOf(z)), this.view === "codes" ? 2.6 : 1.7);
    context.globalAlpha = 1;
    if (this.view !== "codes") return;
    context.strokeStyle = style.hole;
    context.lineWidth = 1.4;
    context.beginPath();
    drawn.forEach((z, i) => {
      if (drawnDistance[i] <= threshold) return;
      const [x, y] = this.pixels(this.pointOf(z));
      context.moveTo(x - 3, y - 3);
      context.lineTo(x + 3, y + 3);
      context.moveTo(x + 3, y - 3);
      context.lineTo(x - 3, y + 3);
    });
    context.stroke();
  }

  dot(context, [x, y], radius) {
    context.beginPath();
    context.arc(x, y, radius, 0, 7);
    context.fill();
  }

  drawWalk(context, style) {
    if (!this.walk) return;
    this.line(context, [this.walk.way[0], this.walk.way[this.walk.way.length - 1]], style.quiet, [4, 4]);
    this.line(context, this.walk.way, style.real, []);
  }

  line(context, latents, colour, dash) {
    context.save();
    context.strokeStyle = colour;
    context.lineWidth = 2.5;
    context.setLineDash(dash);
    context.beginPath();
    for (const z of latents) context.lineTo(...this.pixels(this.pointOf(z)));
    context.stroke();
    context.restore();
  }

  drawPlace(context, style) {
    const [x, y] = this.pixels(this.pointOf(this.place.z));
    if (this.response) {
      const [u, v] = this.pixels(this.pointOf(this.response));
      context.strokeStyle = style.ink;
      context.lineWidth = 1.5;
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(u, v);
      context.stroke();
      context.fillStyle = style.ink;
      this.dot(context, [u, v], 3);
    }
    context.fillStyle = style.main;
    context.strokeStyle = style.page;
    context.lineWidth = 2;
    context.beginPath();
    context.arc(x, y, 7, 0, 7);
    context.fill();
    context.stroke();
  }
}

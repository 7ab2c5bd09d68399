// The page: one latent, and all that shows it or moves it.

import { readContents } from "./contents.js";
import { Engine } from "./engine.js";
import { along, Place } from "./latents.js";
import { Library } from "./library.js";
import { PlaneMap } from "./map.js";
import { paint } from "./picture.js";
import { element, Sliders, STATES } from "./sliders.js";
import { Walks } from "./walk.js";

const find = (id) => document.getElementById(id);
const facts = readContents(document);
const place = new Place(facts.sampleCodes[0], facts.sliders);
const engine = facts.networks ? new Engine(find("worker").textContent) : new Library(facts);
const sliders = new Sliders(find("sliders"), place);
const map = new PlaneMap(find("map"), facts, place, facts.networks && engine);
let origin = 0;

// For the console, and for tests: explorer.respond([0, 1, …]) says what the page's networks make of a latent.
window.explorer = { facts, place, respond: (z) => engine.ask("asked", "respond", { z: Float32Array.from(z) }) };

engine.ask("live", "load", { networks: facts.networks, bytes: facts.bytes, kept: facts.kept }).then(() => {
  place.watch(look);
  place.moved();
  if (facts.walks.length) new Walks(find("walk"), facts, engine, takeWalk);
}, fail);
if (!facts.walks.length) find("walk").hidden = true;
samplesStrip();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
axes();
views();
buttons();
states();

async function look(z) {
  const answer = await engine.ask("live", "respond", { z }).catch(fail);
  if (!answer) return;
  paint(find("picture"), answer.x, facts.xShape, facts.reach);
  showDistance(answer.distance);
  sliders.respond(facts.sliders.map((slider) => along(answer.response, slider)));
  map.response = answer.response;
  map.draw();
  document.body.dataset.ready = "yes";
  const again = await engine.ask("again", "decode", { z: answer.response });
  if (again) paint(find("again"), again.x, facts.xShape, facts.reach);
}

function showDistance(distance) {
  const share = distance / facts.threshold;
  const hole = share > 1;
  find("distance").textContent = distance.toPrecision(3);
  find("recognised").textContent = hole ? "in a hole" : "recognised";
  find("gauge").classList.toggle("hole", hole);
  find("gauge-fill").style.width = `${Math.min(100, 50 * share)}%`;
}

function samplesStrip() {
  facts.samples.forEach((x, k) => {
    const button = element("button", "sample");
    button.type = "button";
    button.setAttribute("aria-label", `Start from row ${k + 1}`);
    const canvas = element("canvas");
    paint(canvas, x, facts.xShape, facts.reach);
    button.append(canvas);
    button.addEventListener("click", () => start(k));
    find("samples").append(button);
  });
  showOrigin();
}

function repaint() {
  find("samples").querySelectorAll("canvas").forEach((canvas, k) => paint(canvas, facts.samples[k], facts.xShape, facts.reach));
  showOrigin();
  place.moved();
}

function start(k) {
  origin = k;
  showOrigin();
  place.go(facts.sampleCodes[k]);
}

function showOrigin() {
  paint(find("origin"), facts.samples[origin], facts.xShape, facts.reach);
  find("samples").querySelectorAll("button").forEach((button, k) => button.setAttribute("aria-pressed", String(k === origin)));
}

function axes() {
  const choices = ["across", "up"].map((name) => find(name));
  choices.forEach((choice, k) => {
    facts.sliders.forEach((slider, unit) => choice.append(new Option(`Unit ${slider.label}`, unit)));
    choice.value = map.units[k];
    choice.addEventListener("change", () => {
      const units = choices.map((one) => Number(one.value));
      if (units[0] === units[1]) choices[1 - k].value = units[1 - k] = map.units[k];
      map.show("plane", units);
    });
  });
}

function views() {
  const tabs = [find("view-plane"), find("view-codes")];
  const show = (view) => {
    tabs.forEach((tab) => tab.setAttribute("aria-pressed", String(tab.id === `view-${view}`)));
    find("axes").hidden = view !== "plane";
    find("about-plane").hidden = view !== "plane";
    find("about-codes").hidden = find("legend-drawn").hidden = view !== "codes";
    map.show(view);
  };
  tabs.forEach((tab) => tab.addEventListener("click", () => show(tab.id.slice(5))));
  tabs[0].hidden = !facts.plane;
  show(map.view);
}

function buttons() {
  let next = 0;
  find("back").addEventListener("click", () => start(origin));
  find("respond").addEventListener("click", () => map.response && place.go(map.response));
  find("draw").addEventListener("click", () => place.go(facts.drawn[next++ % facts.drawn.length]));
}

function states() {
  for (const state of new Set(facts.sliders.map((slider) => slider.state))) {
    find("states").append(element("dt", "", state), element("dd", "", STATES[state] ?? ""));
  }
}

function takeWalk(z, walk) {
  map.walk = walk;
  place.go(z);
}

function fail(error) {
  find("failed").hidden = false;
  find("failed").textContent = `This browser cannot run the model: ${error.message}`;
}

// A slider for each unit, those of one variable together, with what the ledger says of it.

const QUIET = new Set(["dead", "collapsed", "not assayed"]);

export const STATES = {
  alive: "answers when it is changed alone",
  faint: "used, but a change of it comes back only in part",
  dead: "the decoder ignores it",
  collapsed: "carries noise alone",
  "encoder-blind": "the decoder uses it, but the encoder never varies it",
  twin: "repeats another unit",
  entangled: "moves with another unit, and that one with it",
  redundant: "comes back only together with others",
  "not assayed": "the assay did not look at it",
};

export class Sliders {
  constructor(root, place) {
    this.place = place;
    this.rows = place.sliders.map((slider, unit) => this.row(slider, unit));
    const groups = new Map();
    place.sliders.forEach((slider, unit) => {
      const key = QUIET.has(slider.state) ? "quiet" : slider.variable;
      groups.set(key, [...(groups.get(key) ?? []), unit]);
    });
    const quiet = groups.get("quiet");
    groups.delete("quiet");
    for (const units of groups.values()) root.append(this.group(units));
    if (quiet) root.append(this.folded(quiet, groups.size === 0));
    place.watch(() => this.show());
    this.show();
  }

  group(units) {
    const box = element("div", units.length > 1 ? "variable joined" : "variable");
    if (units.length > 1) {
      const names = units.map((unit) => this.place.sliders[unit].label).join(", ");
      box.append(element("p", "joint", `One variable: units ${names}`));
    }
    box.append(...units.map((unit) => this.rows[unit].box));
    return box;
  }

  folded(units, open) {
    const box = element("details", "variable");
    box.open = open;
    const plural = units.length === 1 ? "unit that carries" : "units that carry";
    box.append(element("summary", "joint", `${units.length} ${plural} nothing`));
    box.append(...units.map((unit) => this.rows[unit].box));
    return box;
  }

  row(slider, unit) {
    const box = element("div", "unit");
    const head = element("div", "unit-head");
    const name = element("label", "unit-name", `Unit ${slider.label}`);
    const state = element("span", `state ${slider.state.replace(" ", "-")}`, slider.state);
    state.title = STATES[slider.state] ?? "";
    const back = element("span", "comes-back", slider.response === null ? "" : `${percent(slider.response)} comes back`);
    const value = element("output", "unit-value");
    head.append(name, state, back, value);
    const track = element("div", "track");
    const input = element("input");
    const marker = element("span", "response-mark");
    const zero = element("span", "centre-mark");
    Object.assign(input, { type: "range", min: slider.low, max: slider.high, step: (slider.high - slider.low) / 400 });
    input.id = `unit-${unit}`;
    name.htmlFor = input.id;
    zero.style.left = `${this.shareOf(slider, slider.centre)}%`;
    input.addEventListener("input", () => this.place.set([[unit, Number(input.value)]]));
    input.addEventListener("dblclick", () => this.place.set([[unit, slider.centre]]));
    track.append(zero, input, marker);
    box.append(head, track);
    return { box, input, marker, value };
  }

  show() {
    this.rows.forEach(({ input, value }, unit) => {
      const now = this.place.valueOf(unit);
      input.value = now;
      value.textContent = signed(now);
    });
  }

  // Where each unit lies after decoding and encoding again.
  respond(values) {
    this.rows.forEach(({ marker }, unit) => {
      const share = this.shareOf(this.place.sliders[unit], values[unit]);
      marker.style.left = `${Math.min(100, Math.max(0, share))}%`;
    });
  }

  shareOf({ low, high }, value) {
    return (100 * (value - low)) / (high - low);
  }
}

export function element(tag, kind = "", text = "") {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  if (text) made.textContent = text;
  return made;
}

export const signed = (value) => value.toFixed(2).replace("-", "−");

const percent = (share) => `${Math.round(100 * Math.min(1, share))} %`;

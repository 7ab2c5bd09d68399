// How far a latent moves when it is decoded and encoded again, as a colour: none, then more, and another in a hole.

export function colourOf(share, style) {
  if (share <= 1) return { colour: style.warm, opacity: 0.08 + 0.62 * Math.max(0, share) ** 1.5 };
  return { colour: style.hole, opacity: Math.min(0.95, 0.62 + 0.16 * (share - 1)) };
}

export function styleOf(element) {
  const style = getComputedStyle(element);
  const names = { ink: "--ink", muted: "--muted", rule: "--rule", page: "--page", main: "--main", warm: "--alert", hole: "--problem", real: "--leaf", quiet: "--quiet" };
  return Object.fromEntries(Object.entries(names).map(([key, name]) => [key, style.getPropertyValue(name).trim()]));
}

export function rgbOf(hex) {
  const value = parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

// The line on which a grid of values passes through a level, as segments in units of the grid.

export function contour(values, width, height, level) {
  const segments = [];
  const cross = (a, b) => (level - a) / (b - a);
  for (let row = 0; row + 1 < height; row++) {
    for (let column = 0; column + 1 < width; column++) {
      const at = row * width + column;
      const [a, b, c, d] = [values[at], values[at + 1], values[at + width + 1], values[at + width]];
      const ends = [];
      if (a > level !== b > level) ends.push([column + cross(a, b), row]);
      if (b > level !== c > level) ends.push([column + 1, row + cross(b, c)]);
      if (d > level !== c > level) ends.push([column + cross(d, c), row + 1]);
      if (a > level !== d > level) ends.push([column, row + cross(a, d)]);
      for (let k = 0; k + 1 < ends.length; k += 2) segments.push([ends[k], ends[k + 1]]);
    }
  }
  return segments;
}

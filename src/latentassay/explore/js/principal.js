// The two directions in which codes vary most, by power iteration; the scatter of codes is drawn in them.

export function principalPlane(rows) {
  const size = rows[0].length;
  const mean = new Float64Array(size);
  for (const row of rows) for (let i = 0; i < size; i++) mean[i] += row[i] / rows.length;
  const first = direction(rows, mean, null);
  const second = size > 1 ? direction(rows, mean, first) : new Float64Array(size);
  return { mean, axes: [first, second] };
}

export function project({ mean, axes }, z) {
  return axes.map((axis) => axis.reduce((sum, value, i) => sum + value * (z[i] - mean[i]), 0));
}

// Move z along the plane until it lies at a point; what is off the plane stays.
export function moveTo(plane, z, point) {
  const now = project(plane, z);
  return Float32Array.from(z, (value, i) =>
    plane.axes.reduce((sum, axis, k) => sum + axis[i] * (point[k] - now[k]), value),
  );
}

function direction(rows, mean, before) {
  const size = mean.length;
  let axis = Float64Array.from({ length: size }, (_, i) => Math.sin(1 + 7 * i) + 1e-3);
  for (let round = 0; round < 60; round++) {
    const next = new Float64Array(size);
    for (const row of rows) {
      let dot = 0;
      for (let i = 0; i < size; i++) dot += (row[i] - mean[i]) * axis[i];
      for (let i = 0; i < size; i++) next[i] += dot * (row[i] - mean[i]);
    }
    if (before) {
      const dot = next.reduce((sum, value, i) => sum + value * before[i], 0);
      for (let i = 0; i < size; i++) next[i] -= dot * before[i];
    }
    const norm = Math.hypot(...next);
    if (!(norm > 0)) return axis.map((_, i) => (i === (before ? 1 : 0) ? 1 : 0));
    axis = next.map((value) => value / norm);
  }
  return axis;
}

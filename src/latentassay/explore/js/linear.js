// Matrix products, normalisations and channels' scales.

export function matmul(node, [first, second]) {
  const inner = first[first.length - 1];
  const wide = second[second.length - 1];
  const tall = first.length > 1 ? first[first.length - 2] : 1;
  const batches = first.length > 2 && second.length > 2 ? second.slice(0, -2).reduce((a, b) => a * b, 1) : 1;
  const rows = batches > 1 ? tall : first.reduce((a, b) => a * b, 1) / inner;
  return ([a, b, bias], y) => {
    y.fill(0);
    for (let batch = 0; batch < batches; batch++) {
      for (let row = 0; row < rows; row++) {
        const to = (batch * rows + row) * wide;
        if (bias) for (let j = 0; j < wide; j++) y[to + j] = bias[bias.length > 1 ? j : 0];
        multiplyRow(a, (batch * rows + row) * inner, b, batch * inner * wide, y, to, inner, wide);
      }
    }
  };
}

function multiplyRow(a, from, b, begin, y, to, inner, wide) {
  for (let k = 0; k < inner; k++) {
    const value = a[from + k];
    const row = begin + k * wide;
    for (let j = 0; j < wide; j++) y[to + j] += value * b[row + j];
  }
}

// Groups of neighbouring numbers to mean 0 and variance 1, then each channel's scale and shift.
export function normalise(node) {
  const { groups, places, eps } = node;
  return ([x, weight, bias], y) => {
    const size = x.length / groups;
    for (let group = 0; group < groups; group++) {
      const from = group * size;
      let mean = 0;
      for (let i = from; i < from + size; i++) mean += x[i];
      mean /= size;
      let variance = 0;
      for (let i = from; i < from + size; i++) variance += (x[i] - mean) ** 2;
      const scale = 1 / Math.sqrt(variance / size + eps);
      for (let i = from; i < from + size; ) {
        const channel = Math.floor(i / places) % weight.length;
        const factor = scale * weight[channel];
        const shift = bias[channel] - mean * factor;
        for (const end = i + places; i < end; i++) y[i] = x[i] * factor + shift;
      }
    }
  };
}

export function affine(node) {
  const { places } = node;
  return ([x, scale, shift], y) => {
    for (let channel = 0, i = 0; i < x.length; channel = (channel + 1) % scale.length) {
      for (const end = i + places; i < end; i++) y[i] = x[i] * scale[channel] + shift[channel];
    }
  };
}

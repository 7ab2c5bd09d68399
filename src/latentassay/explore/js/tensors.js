// Weights as the page holds them: floats, or integers of 16 bits with a scale for every row.

export function bytesOf(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

export function unpack({ kind, at, count, rows }, bytes) {
  const start = bytes.byteOffset + at;
  if (kind === "f32") return new Float32Array(bytes.buffer, start, count);
  const scales = new Float32Array(bytes.buffer, start, rows);
  const values = new Int16Array(bytes.buffer, start + 4 * rows, count);
  const floats = new Float32Array(count);
  const wide = count / rows;
  for (let row = 0, i = 0; row < rows; row++) {
    for (const end = i + wide; i < end; i++) floats[i] = values[i] * scales[row];
  }
  return floats;
}

export const product = (sizes) => sizes.reduce((all, size) => all * size, 1);

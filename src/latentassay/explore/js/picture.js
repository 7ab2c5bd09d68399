// Observations on a canvas: pictures pixel by pixel, vectors as a line.

export function paint(canvas, x, shape, [low, high]) {
  if (shape.length === 3) return paintPicture(canvas, x, shape, low, high);
  return paintLine(canvas, x, low, high);
}

function paintPicture(canvas, x, [channels, height, width], low, high) {
  const tiles = channels === 1 || channels === 3 ? 1 : channels;
  const across = Math.ceil(Math.sqrt(tiles));
  const down = Math.ceil(tiles / across);
  canvas.width = across * width;
  canvas.height = down * height;
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  const size = height * width;
  const scale = 255 / (high - low || 1);
  for (let tile = 0; tile < tiles; tile++) {
    const colour = channels === 3 ? [0, size, 2 * size] : [tile * size, tile * size, tile * size];
    const left = (tile % across) * width;
    const top = Math.floor(tile / across) * height;
    for (let i = 0; i < size; i++) {
      const at = 4 * ((top + Math.floor(i / width)) * canvas.width + left + (i % width));
      for (let k = 0; k < 3; k++) image.data[at + k] = Math.round((x[colour[k] + i] - low) * scale);
      image.data[at + 3] = 255;
    }
  }
  context.putImageData(image, 0, 0);
}

function paintLine(canvas, x, low, high) {
  const width = (canvas.width = 480);
  const height = (canvas.height = 320);
  const style = getComputedStyle(document.documentElement); // a canvas may not be on the page yet
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, width, height);
  const y = (value) => height - 16 - ((value - low) / (high - low || 1)) * (height - 32);
  const at = (i) => (x.length > 1 ? 16 + (i / (x.length - 1)) * (width - 32) : width / 2);
  context.strokeStyle = style.getPropertyValue("--rule");
  context.lineWidth = 1;
  const zero = y(Math.min(high, Math.max(low, 0)));
  context.beginPath();
  context.moveTo(0, zero);
  context.lineTo(width, zero);
  context.stroke();
  context.strokeStyle = context.fillStyle = style.getPropertyValue("--main");
  context.lineWidth = 3;
  context.beginPath();
  x.forEach((value, i) => context.lineTo(at(i), y(value)));
  context.stroke();
  if (x.length > 60) return;
  x.forEach((value, i) => {
    context.beginPath();
    context.arc(at(i), y(value), 5, 0, 7);
    context.fill();
  });
}

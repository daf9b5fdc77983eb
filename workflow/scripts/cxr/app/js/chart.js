// The canvases: an image with its Grad-CAM, and the study's map.

// A canonical image with a class's map over it, as cxr.evaluation.gradcam.overlay mixes them.
function overlayPixels(image, cam, opacity, inferno) {
  const { width, height, pixels } = image;
  const data = new ImageData(width, height);
  for (let i = 0; i < pixels.length; i += 1) {
    const share = opacity * cam[i];
    const colour = 3 * Math.min(255, Math.floor(cam[i] * 256));
    for (let c = 0; c < 3; c += 1) {
      data.data[4 * i + c] = Math.round((1 - share) * pixels[i] + share * inferno[colour + c]);
    }
    data.data[4 * i + 3] = 255;
  }
  return data;
}

function themeColours(palettes) {
  return palettes[matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"];
}

// The study's map with the place of an image.
function drawMap(canvas, study, result) {
  const { map } = study.images;
  const colours = themeColours(study.palettes);
  const style = getComputedStyle(document.documentElement);
  const ink = style.getPropertyValue("--ink");
  const scale = 2; // of the canvas to its size on the page
  const [width, height] = [480 * scale, 360 * scale];
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  context.fillStyle = style.getPropertyValue("--page");
  context.fillRect(0, 0, width, height);
  const spans = [map.x, map.y].map((axis) => [Math.min(...axis), Math.max(...axis)]);
  const extent = Math.max(...spans.map(([low, high]) => high - low)) || 1;
  const zoom = (0.9 * height) / extent;
  const at = (x, y) => [
    width / 2 + (x - (spans[0][0] + spans[0][1]) / 2) * zoom,
    height / 2 - (y - (spans[1][0] + spans[1][1]) / 2) * zoom,
  ];
  const dot = (x, y, radius) => {
    context.beginPath();
    context.arc(...at(x, y), radius * scale, 0, 2 * Math.PI);
  };
  for (const row of map.rows.values()) {
    const cluster = map.clusters[row];
    dot(map.x[row], map.y[row], 3);
    context.fillStyle =
      cluster < 0 ? colours.outlier : colours.colours[cluster % colours.colours.length];
    context.fill();
  }
  if (!result.place) return;
  context.strokeStyle = ink;
  context.lineWidth = 1.5 * scale;
  for (const { image } of result.place.near) {
    const row = map.rows.get(image);
    dot(map.x[row], map.y[row], 5);
    context.stroke();
  }
  const [x, y] = at(result.place.x, result.place.y);
  context.lineWidth = 3 * scale;
  context.beginPath();
  for (const [from, to] of [
    [-9, 9],
    [9, -9],
  ]) {
    context.moveTo(x + from * scale, y - 9 * scale);
    context.lineTo(x + to * scale, y + 9 * scale);
  }
  context.stroke();
}

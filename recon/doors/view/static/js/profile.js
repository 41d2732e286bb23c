// How wide the interval is along the slices, and where a check failed: where to look, at a glance.

export function drawProfile(canvas, profile, found, index) {
  canvas.dataset.state = profile ? "read" : "reading";
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
  if (!width || !height) return;
  canvas.width = width;
  canvas.height = height;
  const pen = canvas.getContext("2d");
  const slices = found.shape[0];
  const x = (place) => ((place + 0.5) / slices) * width;
  const thick = Math.max(2 * ratio, width / slices);
  pen.fillStyle = "#e06c75";
  for (const place of new Set(Object.values(found.failing).flat())) pen.fillRect(x(place) - thick / 2, height - 5 * ratio, thick, 5 * ratio);
  const values = profile?.half_width ?? [];
  const most = Math.max(...values.filter((value) => value !== null), 1e-12);
  pen.strokeStyle = "#8fd0a8";
  pen.lineWidth = 1.5 * ratio;
  pen.beginPath();
  let drawing = false;
  values.forEach((value, place) => {
    if (value === null) {
      drawing = false;
      return;
    }
    const y = (height - 8 * ratio) * (1 - value / most) + 2 * ratio;
    if (drawing) pen.lineTo(x(place), y);
    else pen.moveTo(x(place), y);
    drawing = true;
  });
  pen.stroke();
  pen.fillStyle = "#7fb2ff";
  pen.fillRect(x(index) - ratio, 0, 2 * ratio, height);
}

// Axes, curves and contour lines on a canvas, in the page's own colors.
(function (root) {
  'use strict';

  // The page's colors, light or dark, as the theme defines them.
  function palette(element) {
    const style = getComputedStyle(element), dark = document.documentElement.dataset.theme === 'dark';
    const value = (name, fallback) => style.getPropertyValue(name).trim() || fallback;
    return {
      text: value('--pst-color-text-base', '#222'),
      muted: value('--pst-color-text-muted', '#666'),
      grid: value('--pst-color-border', '#ccc'),
      surface: value('--pst-color-background', '#fff'),
      contour: dark ? '#6b7683' : '#a3b4c6',
      wall: dark ? [110, 150, 200] : [70, 120, 180],
      dark,
    };
  }

  // A method's color: on a dark page mixed with white, to keep its contrast.
  function shade(color, dark) {
    if (!dark) return color;
    const parts = [1, 3, 5].map((k) => parseInt(color.slice(k, k + 2), 16));
    return `rgb(${parts.map((c) => Math.round(c + (255 - c) * 0.35)).join(',')})`;
  }

  // At most `count` round numbers in an interval.
  function ticks(low, high, count) {
    const raw = (high - low) / count, power = 10 ** Math.floor(Math.log10(raw));
    const step = power * [1, 2, 5, 10].find((m) => m * power >= raw);
    const out = [];
    for (let k = Math.ceil(low / step); k * step <= high * (1 + 1e-12); k++) out.push(k * step);
    return out;
  }

  // About five powers of ten in an interval of logarithms.
  function decades(low, high) {
    const step = Math.max(1, Math.ceil((high - low) / 5)), out = [];
    for (let k = Math.ceil(low); k <= high; k++) if (k % step === 0) out.push(k);
    return out;
  }

  const SUPER = { '-': '⁻', 0: '⁰', 1: '¹', 2: '²', 3: '³', 4: '⁴', 5: '⁵', 6: '⁶', 7: '⁷', 8: '⁸', 9: '⁹' };
  const power = (k) => (k === 0 ? '1' : k === 1 ? '10' : '10' + [...String(k)].map((c) => SUPER[c]).join(''));
  const plain = (x) => String(+x.toPrecision(6)).replace('-', '−');

  // A plot: a canvas whose drawing area is [left, right] × [bottom, top] in data units.
  class Plot {
    constructor(canvas, { x, y, xLabel, yLabel, logY = false }) {
      Object.assign(this, { canvas, xLabel, yLabel, logY });
      this.context = canvas.getContext('2d');
      this.margin = { left: 46, right: 14, top: 10, bottom: 38 };
      this.domain(x, y);
    }

    domain(x, y) { this.x = x; this.y = y; }

    // Fit the canvas to its box, at the screen's own resolution; true if it changed.
    fit() {
      const ratio = root.devicePixelRatio || 1, box = this.canvas.getBoundingClientRect();
      const width = Math.round(box.width * ratio), height = Math.round(box.height * ratio);
      const changed = width !== this.canvas.width || height !== this.canvas.height;
      if (changed) { this.canvas.width = width; this.canvas.height = height; }
      this.width = box.width; this.height = box.height;
      this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
      return changed;
    }

    px(x) {
      const { left, right } = this.margin;
      return left + (x - this.x[0]) / (this.x[1] - this.x[0]) * (this.width - left - right);
    }

    // For a logarithmic axis `y` is given in data units, and the domain in powers of ten.
    py(y) {
      const { top, bottom } = this.margin;
      const v = this.logY ? Math.log10(Math.max(y, 1e-300)) : y;
      return top + (this.y[1] - v) / (this.y[1] - this.y[0]) * (this.height - top - bottom);
    }

    // From a place on the canvas back to data units.
    data(px, py) {
      const { left, right, top, bottom } = this.margin;
      return [
        this.x[0] + (px - left) / (this.width - left - right) * (this.x[1] - this.x[0]),
        this.y[1] - (py - top) / (this.height - top - bottom) * (this.y[1] - this.y[0]),
      ];
    }

    clear() { this.context.clearRect(0, 0, this.width, this.height); }

    axes(colors, grid = true) {
      const c = this.context, { left, right, top, bottom } = this.margin;
      const floor = this.height - bottom, end = this.width - right;
      c.font = '12px system-ui, sans-serif';
      c.lineWidth = 1;
      c.fillStyle = colors.text;
      const line = (x1, y1, x2, y2, color) => {
        c.strokeStyle = color; c.beginPath(); c.moveTo(x1, y1); c.lineTo(x2, y2); c.stroke();
      };
      c.textAlign = 'center'; c.textBaseline = 'top';
      for (const t of ticks(this.x[0], this.x[1], Math.min(6, this.width / 70))) {
        const px = Math.round(this.px(t)) + 0.5;
        if (grid) line(px, top, px, floor, colors.grid);
        c.fillText(plain(t), px, floor + 4);
      }
      c.textAlign = 'right'; c.textBaseline = 'middle';
      const marks = this.logY ? decades(this.y[0], this.y[1]) : ticks(this.y[0], this.y[1], 5);
      for (const t of marks) {
        const py = Math.round(this.py(this.logY ? 10 ** t : t)) + 0.5;
        if (grid) line(left, py, end, py, colors.grid);
        c.fillText(this.logY ? power(t) : plain(t), left - 5, py);
      }
      line(left, floor + 0.5, end, floor + 0.5, colors.muted);
      line(left - 0.5, top, left - 0.5, floor, colors.muted);
      c.textAlign = 'center'; c.textBaseline = 'bottom';
      c.fillText(this.xLabel, (left + end) / 2, this.height - 2);
      c.save();
      c.translate(11, (top + floor) / 2);
      c.rotate(-Math.PI / 2);
      c.fillText(this.yLabel, 0, 0);
      c.restore();
    }

    // Draw inside the axes only.
    clipped(draw) {
      const c = this.context, { left, right, top, bottom } = this.margin;
      c.save();
      c.beginPath();
      c.rect(left, top, this.width - left - right, this.height - top - bottom);
      c.clip();
      draw(c);
      c.restore();
    }

    // A line through `count` points.
    curve(count, x, y, { color, width = 2, dash = [] }) {
      this.clipped((c) => {
        c.strokeStyle = color; c.lineWidth = width; c.lineJoin = 'round';
        c.setLineDash(dash);
        c.beginPath();
        for (let k = 0; k < count; k++) {
          // Far outside, canvas coordinates overflow: bound them.
          const px = Math.max(-1e5, Math.min(1e5, this.px(x(k))));
          const py = Math.max(-1e5, Math.min(1e5, this.py(y(k))));
          if (k === 0) c.moveTo(px, py); else c.lineTo(px, py);
        }
        c.stroke();
      });
    }

    dot(x, y, { color, radius = 4, ring }) {
      this.clipped((c) => {
        c.beginPath();
        c.arc(this.px(x), this.py(y), radius, 0, 2 * Math.PI);
        c.fillStyle = color; c.fill();
        if (ring) { c.lineWidth = 2; c.strokeStyle = ring; c.stroke(); }
      });
    }

    cross(x, y, color) {
      this.clipped((c) => {
        const px = this.px(x), py = this.py(y);
        c.strokeStyle = color; c.lineWidth = 2.5;
        c.beginPath();
        c.moveTo(px - 6, py - 6); c.lineTo(px + 6, py + 6);
        c.moveTo(px - 6, py + 6); c.lineTo(px + 6, py - 6);
        c.stroke();
      });
    }

    // A landscape as contour lines over shades, the lighter the lower. Its levels lie at equal
    // steps of rank, so that valleys show however steep the walls are.
    landscape(value, colors, count = 12, cells = 90) {
      const n = cells + 1, grid = new Float64Array(n * n);
      const dx = (this.x[1] - this.x[0]) / cells, dy = (this.y[1] - this.y[0]) / cells;
      for (let j = 0; j < n; j++) {
        for (let i = 0; i < n; i++) grid[j * n + i] = value(this.x[0] + i * dx, this.y[0] + j * dy);
      }
      const ranked = Float64Array.from(grid).sort();
      if (ranked[0] === ranked[ranked.length - 1]) return;
      const levels = Array.from({ length: count }, (_, k) =>
        ranked[Math.floor((ranked.length - 1) * ((k + 1) / (count + 1)) ** 1.7)]);
      this.clipped((c) => {
        this.shades(grid, n, levels, colors, c);
        c.strokeStyle = colors.contour; c.lineWidth = 1;
        c.beginPath();
        for (const level of levels) this.level(grid, n, level, dx, dy, c);
        c.stroke();
      });
    }

    shades(grid, n, levels, colors, c) {
      const small = document.createElement('canvas');
      small.width = small.height = n;
      const context = small.getContext('2d'), image = context.createImageData(n, n);
      grid.forEach((v, k) => {
        const above = levels.findIndex((level) => v < level), j = n - 1 - Math.floor(k / n);
        const depth = (above < 0 ? levels.length : above) / levels.length;
        image.data.set([...colors.wall, Math.round(60 * depth)], 4 * (j * n + k % n));
      });
      context.putImageData(image, 0, 0);
      const x = this.px(this.x[0]), y = this.py(this.y[1]);
      const dx = (this.px(this.x[1]) - x) / (n - 1), dy = (this.py(this.y[0]) - y) / (n - 1);
      c.drawImage(small, x - dx / 2, y - dy / 2, n * dx, n * dy); // a value stands for its middle
    }

    // Marching squares.
    level(grid, n, level, dx, dy, c) {
      for (let j = 0; j < n - 1; j++) {
        for (let i = 0; i < n - 1; i++) {
          const k = j * n + i;
          const corners = [grid[k], grid[k + 1], grid[k + n + 1], grid[k + n]];
          const cuts = [];
          for (let e = 0; e < 4; e++) {
            const a = corners[e], b = corners[(e + 1) % 4];
            if ((a < level) === (b < level)) continue;
            const s = (level - a) / (b - a);
            const ex = [i + s, i + 1, i + 1 - s, i][e], ey = [j, j + s, j + 1, j + 1 - s][e];
            cuts.push(this.px(this.x[0] + ex * dx), this.py(this.y[0] + ey * dy));
          }
          for (let p = 0; p + 3 < cuts.length; p += 4) {
            c.moveTo(cuts[p], cuts[p + 1]);
            c.lineTo(cuts[p + 2], cuts[p + 3]);
          }
        }
      }
    }
  }

  root.bookDraw = { Plot, palette, power, shade };
})(typeof globalThis !== 'undefined' ? globalThis : this);

// Small live figures inside the chapters: one idea, one or two sliders, one sentence.
(function (root) {
  'use strict';
  const { noise, rules } = root.bookSimulate;
  const { Plot, palette, shade } = root.bookDraw;
  const { el, format, slider } = root.bookControls;
  const { range } = root.bookExplorer;
  const color = (name) => root.bookMethods[name].color;
  const INK = '#646464';

  // Run a rule on one parameter; `gradient(w, t)`; returns what `read(w, states, rate, t)` says.
  function follow(rule, scalars, start, steps, gradient, read) {
    const { states, host, body } = rules[rule];
    const W = Float64Array.of(start), G = new Float64Array(1), S = states.map(() => new Float64Array(1));
    const all = { ...rules[rule].scalars, ...scalars }, out = [];
    for (let t = 1; t <= steps; t++) {
      G[0] = gradient(W[0], t);
      const rate = body(W, G, S, host(t, all), 0);
      out.push(read(W[0], S.map((s) => s[0]), rate, t));
    }
    return out;
  }

  // Each figure: its controls, its axes, and from their values the curves and the sentence.
  const figures = {
    stability: {
      controls: { lr: { label: 'rate α', limits: [0.01, 0.6], step: 0.01, value: 0.4 } },
      axes: { xLabel: 'step', yLabel: 'distance from the minimum', logY: true },
      compute({ lr }) {
        const path = (curvature, start) => [Math.abs(start), ...follow(
          'gradient_descent', { lr }, start, 40, (w) => curvature * w, Math.abs)];
        const factor = (curvature) => 1 - lr * curvature;
        const fate = Math.abs(factor(4)) > 1 ? 'so it diverges: the rate is above 2/4'
          : Math.abs(factor(4)) === 1 ? 'so it swings for ever: the rate is 2/4' : 'so both shrink';
        return {
          curves: [
            { y: path(0.2, -5), label: 'curvature 0.2', color: color('adagrad'), dash: [] },
            { y: path(4, -2), label: 'curvature 4', color: color('adam'), dash: [6, 3] },
          ],
          first: 0,
          words: `At the rate ${format(lr)} each step multiplies w₁ by ${format(factor(0.2))} and `
            + `w₂ by ${format(factor(4))}, ${fate}.`,
        };
      },
    },
    'falling-rate': {
      controls: {
        sigma: { label: 'noise σ', limits: [0, 2], step: 0.05, value: 1 },
        lr: { label: 'rate α', limits: [0.05, 2, true], value: 0.5 },
      },
      axes: { xLabel: 'step', yLabel: 'effective rate', logY: true },
      compute({ sigma, lr }) {
        const steps = 2000, draws = noise(1, steps, sigma);
        const rates = follow('adagrad', { lr }, 3, steps, (w, t) => w + draws[t - 1], (w, s, rate) => rate);
        const curves = [{ y: rates, label: 'AdaGrad', color: color('adagrad'), dash: [] }];
        if (sigma > 0) {
          curves.push({ y: rates.map((_, k) => lr / (sigma * Math.sqrt(k + 1))), label: 'α / (σ√t)', color: INK, dash: [2, 3] });
        }
        const last = rates[steps - 1], half = rates[steps / 2 - 1];
        return { curves, first: 1,
          words: `Between steps ${steps / 2} and ${steps} the effective rate went from ${format(half)} to `
            + `${format(last)}${Math.abs(last / half - 1) < 1e-3 ? ': it has settled.' : '.'}` };
      },
    },
    average: {
      controls: { decay: { label: 'averaging γ', limits: [0, 0.995], step: 0.005, value: 0.9 } },
      axes: { xLabel: 'step', yLabel: 'size of the gradient', logY: true },
      compute({ decay }) {
        const g = (w, t) => (t <= 100 ? 1 : 0.1), steps = 300;
        const root_ = (w, [r]) => Math.sqrt(r);
        const average = follow('rmsprop', { decay, lr: 0 }, 0, steps, g, root_);
        const mean = follow('adagrad', { lr: 0 }, 0, steps, g, (w, [r], rate, t) => Math.sqrt(r / t));
        const since = average.findIndex((y, k) => k >= 100 && y < 0.11);
        return {
          curves: [
            { y: average, label: '√r of RMSProp', color: color('rmsprop'), dash: [] },
            { y: mean, label: '√(r/t) of AdaGrad', color: color('adagrad'), dash: [6, 3] },
            { y: average.map((_, k) => g(0, k + 1)), label: '|g|', color: INK, dash: [2, 3] },
          ],
          first: 1,
          words: `With γ = ${format(decay)} the average spans about ${format((1 + decay) / (1 - decay))} gradients; `
            + (since < 0 ? 'it has not forgotten the large ones by step 300.'
              : `it has forgotten the large ones ${since - 99} steps after the last of them.`),
        };
      },
    },
    'bias-correction': {
      controls: {
        beta1: { label: 'averaging γ₁', limits: [0, 0.99], step: 0.01, value: 0.9 },
        beta2: { label: 'averaging γ₂', limits: [0.5, 0.9999], step: 0.0001, value: 0.999 },
      },
      axes: { xLabel: 'step', yLabel: 'length of a step / α', logY: false },
      compute({ beta1, beta2 }) {
        let before = 0;
        const scalars = { beta1, beta2, lr: 1, eps: 0 }, steps = 100;
        const corrected = follow('adam', scalars, 0, steps, () => 1, (w) => { const d = before - w; before = w; return d; });
        const plain = follow('adam', scalars, 0, steps, () => 1, (w, [s, r]) => s / Math.sqrt(r));
        const peak = Math.max(...plain);
        return {
          curves: [
            { y: corrected, label: 'Adam', color: color('adam'), dash: [] },
            { y: plain, label: 'without the correction', color: INK, dash: [6, 3] },
          ],
          first: 1, zero: true,
          words: `For a constant gradient every step of Adam has the length α. Without the correction the first has `
            + `${format(plain[0])} α, and the longest, step ${plain.indexOf(peak) + 1}, ${format(peak)} α.`,
        };
      },
    },
  };

  class Figure {
    constructor(mount, name) {
      this.mount = mount;
      this.spec = figures[name];
      this.values = {};
      const rows = Object.entries(this.spec.controls).map(([key, { value, ...control }]) => {
        this.values[key] = value;
        return slider({ ...control, value, change: (x) => { this.values[key] = x; this.draw(); } }).node;
      });
      this.canvas = el('canvas', { 'aria-hidden': 'true' });
      this.words = el('p', { class: 'live-words', 'aria-live': 'polite' });
      this.legend = el('p', { class: 'live-legend' });
      mount.classList.add('live-small');
      mount.replaceChildren(...rows, this.legend, el('div', { class: 'live-canvas' }, this.canvas), this.words);
      this.plot = new Plot(this.canvas, { x: [0, 1], y: [0, 1], ...this.spec.axes });
      this.draw();
      new ResizeObserver(() => this.draw()).observe(this.canvas);
      new MutationObserver(() => this.draw())
        .observe(document.documentElement, { attributeFilter: ['data-theme'] });
    }

    draw() {
      const { plot } = this, colors = palette(this.mount);
      const { curves, first, words, zero } = this.spec.compute(this.values);
      plot.fit();
      if (plot.width === 0) return;
      const all = curves.flatMap((curve) => curve.y);
      const top = all.reduce((a, b) => Math.max(a, b), 0);
      plot.domain([first, first + curves[0].y.length - 1], zero ? [0, 1.08 * top] : range(all, 12));
      plot.clear();
      plot.axes(colors);
      for (const { y, color: hue, dash } of curves) {
        plot.curve(y.length, (k) => first + k, (k) => y[k], { color: shade(hue, colors.dark), dash });
      }
      this.legend.replaceChildren(...curves.map(({ label, color: hue, dash }) => el('span', {},
        root.bookControls.swatch(shade(hue, colors.dark), dash), label)));
      clearTimeout(this.timer);
      this.timer = setTimeout(() => { this.words.textContent = words; }, this.words.textContent ? 300 : 0);
    }
  }

  for (const mount of document.querySelectorAll('[data-live]')) {
    const name = mount.dataset.live;
    if (Object.hasOwn(figures, name)) mount.figure = new Figure(mount, name);
  }
})(typeof globalThis !== 'undefined' ? globalThis : this);

// What the live figures compute: objectives, seeded noise, and runs of the rules.
// The rules are in rules.js, which is made from the Python package. No part of this file
// touches the page, so that the tests run it in Node as it is. A classic script: it must
// also run where the page was opened from a file.
(function (root) {
  'use strict';
  const rules = root.bookRules || (typeof require === 'function' ? require('./rules.js') : null);

  // Each objective: value(x, y), gradient(x, y, out, t), and what a figure needs to show it.
  const objectives = {
    quadratic: {
      label: 'Quadratic bowl',
      parameters: { kappa: 20, angle: 0 },
      window: [-6, 6, -4, 4], start: [-5, -2], minimum: [0, 0],
      rates: { gradient_descent: 0.4, momentum: 0.05, adagrad: 1, rmsprop: 0.2, adam: 0.3, amsgrad: 0.3 },
      make({ kappa, angle }) {
        const c = Math.cos(angle), s = Math.sin(angle), low = 4 / kappa, high = 4;
        const a = low * c * c + high * s * s, b = (low - high) * c * s;
        const d = low * s * s + high * c * c;
        return {
          value: (x, y) => (a * x * x + 2 * b * x * y + d * y * y) / 2,
          gradient(x, y, out) { out[0] = a * x + b * y; out[1] = b * x + d * y; },
        };
      },
    },
    rosenbrock: {
      label: "Rosenbrock's valley",
      parameters: {},
      window: [-2, 2, -1, 3], start: [-1.2, 1], minimum: [1, 1],
      rates: { gradient_descent: 0.001, momentum: 0.0005, adagrad: 0.3, rmsprop: 0.01, adam: 0.05, amsgrad: 0.05 },
      make: () => ({
        value(x, y) { const u = 1 - x, v = y - x * x; return u * u + 100 * v * v; },
        gradient(x, y, out) {
          const v = y - x * x;
          out[0] = -2 * (1 - x) - 400 * x * v;
          out[1] = 200 * v;
        },
      }),
    },
    beale: {
      label: "Beale's plateau",
      parameters: {},
      window: [-4.5, 4.5, -4.5, 4.5], start: [1, 1.5], minimum: [3, 0.5],
      rates: { gradient_descent: 0.01, momentum: 0.005, adagrad: 0.5, rmsprop: 0.02, adam: 0.1, amsgrad: 0.1 },
      make() {
        const targets = [1.5, 2.25, 2.625];
        return {
          value: (x, y) => targets.reduce((sum, c, k) => sum + (c - x + x * y ** (k + 1)) ** 2, 0),
          gradient(x, y, out) {
            out[0] = out[1] = 0;
            targets.forEach((c, k) => {
              const e = c - x + x * y ** (k + 1);
              out[0] += 2 * e * (y ** (k + 1) - 1);
              out[1] += 2 * e * (k + 1) * x * y ** k;
            });
          },
        };
      },
    },
    saddle: {
      label: 'Saddle',
      parameters: {},
      window: [-2, 2, -2, 2], start: [1, 1e-3], minimum: null,
      rates: { gradient_descent: 0.1, momentum: 0.1, adagrad: 0.1, rmsprop: 0.1, adam: 0.1, amsgrad: 0.1 },
      series: { label: '|y|', of: (x, y) => Math.abs(y) },
      make: () => ({
        value: (x, y) => (x * x - y * y) / 2,
        gradient(x, y, out) { out[0] = x; out[1] = -y; },
      }),
    },
    plus_minus: {
      label: "Hinton's ±: gradients of mean zero",
      parameters: {},
      window: [-10, 10, -10, 10], start: [0, 0], minimum: null,
      rates: { gradient_descent: 0.01, momentum: 0.01, adagrad: 0.01, rmsprop: 0.01, adam: 0.01, amsgrad: 0.01 },
      series: { label: 'distance from the start', of: (x, y) => Math.hypot(x, y) },
      make: () => ({
        value: () => 0,
        gradient(x, y, out, t) { out[0] = t % 10 === 0 ? -0.9 : 0.1; out[1] = -out[0]; },
      }),
    },
    bowl: {
      label: 'Noisy bowl',
      parameters: {}, sigma: 1,
      window: [-4, 4, -3, 3], start: [-3, 2], minimum: [0, 0],
      rates: { gradient_descent: 0.1, momentum: 0.02, adagrad: 0.5, rmsprop: 0.05, adam: 0.1, amsgrad: 0.1 },
      make: () => ({
        value: (x, y) => (x * x + y * y) / 2,
        gradient(x, y, out) { out[0] = x; out[1] = y; },
      }),
    },
  };

  // Normal numbers from a seed: a 32-bit Weyl generator with a mixing step, then Box-Muller.
  function normals(seed) {
    let state = seed >>> 0, spare = null;
    const uniform = () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let z = Math.imul(state ^ (state >>> 15), state | 1);
      z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
      return (((z ^ (z >>> 14)) >>> 0) + 0.5) / 4294967296;
    };
    return () => {
      if (spare !== null) { const z = spare; spare = null; return z; }
      const radius = Math.sqrt(-2 * Math.log(uniform())), turn = 2 * Math.PI * uniform();
      spare = radius * Math.sin(turn);
      return radius * Math.cos(turn);
    };
  }

  // Noise of all steps, the same for every method, so that they can be compared.
  function noise(seed, steps, sigma) {
    const draw = normals(seed), out = new Float64Array(2 * steps);
    if (sigma > 0) for (let k = 0; k < out.length; k++) out[k] = sigma * draw();
    return out;
  }

  // Run one rule. Where a value stops being finite the run ends; `steps` says how many were done.
  function run(rule, scalars, objective, start, steps, gradientNoise) {
    const { states, host, body } = rules[rule];
    const W = Float64Array.from(start), G = new Float64Array(2);
    const S = states.map(() => new Float64Array(2));
    const all = Object.assign({}, rules[rule].scalars, scalars);
    const path = new Float64Array(2 * (steps + 1)), rates = new Float64Array(2 * steps);
    const loss = new Float64Array(steps + 1);
    path.set(W);
    loss[0] = objective.value(W[0], W[1]);
    let t = 0;
    while (t < steps) {
      objective.gradient(W[0], W[1], G, t + 1);
      const coefficients = host(t + 1, all);
      for (let i = 0; i < 2; i++) {
        G[i] += gradientNoise[2 * t + i];
        rates[2 * t + i] = body(W, G, S, coefficients, i);
      }
      t += 1;
      path.set(W, 2 * t);
      loss[t] = objective.value(W[0], W[1]);
      if (!Number.isFinite(loss[t])) break;
    }
    return { path, rates, loss, steps: t, diverged: !Number.isFinite(loss[t]) };
  }

  root.bookSimulate = { objectives, noise, run, rules };
  if (typeof module !== 'undefined') module.exports = root.bookSimulate;
})(typeof globalThis !== 'undefined' ? globalThis : this);

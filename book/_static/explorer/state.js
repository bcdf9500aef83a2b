// The state of the explorer, and its form in the address: readable, and checked when read.
(function (root) {
  'use strict';
  const { objectives, rules } = root.bookSimulate;
  const methods = root.bookMethods;

  // The limits of every control: [least, greatest, logarithmic].
  const LIMITS = {
    lr: [1e-4, 10, true], eps: [1e-10, 1, true], beta: [0, 0.999], decay: [0, 0.9999],
    beta1: [0, 0.999], beta2: [0, 0.9999], kappa: [1, 1000, true], angle: [0, 90],
    steps: [10, 500], noise: [0, 3], seed: [1, 999],
  };
  const ON = ['gradient_descent', 'momentum', 'adagrad', 'rmsprop', 'adam'];

  // Variants of a rule: {nesterov: {default: false, rule: 'momentum__nesterov_true'}}.
  function options(method) {
    const found = {};
    for (const name of Object.keys(rules)) {
      const match = name.match(/^(.+)__(.+)_(true|false)$/);
      if (match && match[1] === method) {
        found[match[2]] = { default: match[3] === 'false', rule: name };
      }
    }
    return found;
  }

  function defaults(objective = 'quadratic') {
    const { start, rates, sigma = 0 } = objectives[objective];
    const state = {
      objective, kappa: 20, angle: 0, start: [...start], steps: 200, noise: sigma, seed: 1,
      methods: {},
    };
    for (const name of Object.keys(methods)) {
      const chosen = { on: ON.includes(name), scalars: { ...rules[name].scalars }, options: {} };
      chosen.scalars.lr = rates[name];
      for (const [option, { default: value }] of Object.entries(options(name))) {
        chosen.options[option] = value;
      }
      state.methods[name] = chosen;
    }
    return state;
  }

  // The rule in rules.js for a method with its options.
  function ruleOf(method, chosen) {
    for (const [option, { default: value, rule }] of Object.entries(options(method))) {
      if (chosen.options[option] !== value) return rule;
    }
    return method;
  }

  const number = (x) => String(+x.toPrecision(6));

  function write(state) {
    const parts = [`f=${state.objective}`];
    if (state.objective === 'quadratic') {
      parts.push(`kappa=${number(state.kappa)}`, `angle=${number(state.angle)}`);
    }
    parts.push(`start=${state.start.map(number).join(',')}`, `steps=${state.steps}`);
    parts.push(`noise=${number(state.noise)}`, `seed=${state.seed}`);
    for (const [name, { on, scalars, options: chosen }] of Object.entries(state.methods)) {
      if (!on) continue;
      const values = Object.entries(scalars).map(([key, value]) => `${key}:${number(value)}`);
      for (const [option, value] of Object.entries(chosen)) values.push(`${option}:${value}`);
      parts.push(`${name}=${values.join(',')}`);
    }
    return '#' + parts.join('&');
  }

  const clamp = (value, [low, high]) => Math.min(high, Math.max(low, value));

  // Read an address; whatever is missing or makes no sense keeps its default.
  function read(hash) {
    const pairs = hash.replace(/^#/, '').split('&').map((part) => {
      const cut = part.indexOf('=');
      return [part.slice(0, cut), decodeURIComponent(part.slice(cut + 1))];
    });
    const given = Object.fromEntries(pairs);
    if (!Object.hasOwn(objectives, given.f || '')) return null;
    const state = defaults(given.f);
    for (const key of ['kappa', 'angle', 'steps', 'noise', 'seed']) {
      const value = parseFloat(given[key]);
      if (Number.isFinite(value)) state[key] = clamp(value, LIMITS[key]);
    }
    state.steps = Math.round(state.steps);
    state.seed = Math.round(state.seed);
    const start = (given.start || '').split(',').map(parseFloat);
    if (start.length === 2 && start.every(Number.isFinite)) state.start = start;
    const named = Object.keys(state.methods).some((name) => Object.hasOwn(given, name));
    for (const [name, chosen] of Object.entries(state.methods)) {
      if (named) chosen.on = Object.hasOwn(given, name);
      for (const part of (given[name] || '').split(',')) {
        const [key, text] = part.split(':');
        const value = parseFloat(text);
        if (key in chosen.options) chosen.options[key] = text === 'true';
        else if (key in chosen.scalars && Number.isFinite(value)) {
          chosen.scalars[key] = clamp(value, LIMITS[key]);
        }
      }
    }
    return state;
  }

  root.bookState = { LIMITS, defaults, options, read, ruleOf, write };
})(typeof globalThis !== 'undefined' ? globalThis : this);

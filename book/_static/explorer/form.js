// The explorer's form: the landscape, and each method with its hyperparameters.
(function (root) {
  'use strict';
  const { objectives } = root.bookSimulate;
  const { checkbox, el, numberField, select, slider, swatch } = root.bookControls;
  const { LIMITS, options } = root.bookState;
  const methods = root.bookMethods;
  const NAMES = {
    lr: 'rate α', beta: 'momentum β', decay: 'averaging γ', beta1: 'averaging γ₁',
    beta2: 'averaging γ₂', eps: 'constant δ',
    nesterov: "Nesterov's variant", eps_inside_root: 'δ inside the root',
  };

  function landscapeForm(explorer) {
    const { state } = explorer;
    const set = (key) => (value) => { state[key] = value; explorer.compute(); };
    const whole = (key, then) => (value) => {
      const [low, high] = LIMITS[key];
      then(Math.min(high, Math.max(low, Math.round(value))));
    };
    const fields = el('fieldset', {}, el('legend', {}, 'Landscape'),
      select({
        label: 'Objective', value: state.objective,
        choices: Object.entries(objectives).map(([key, { label }]) => [key, label]),
        change: (name) => explorer.choose(name),
      }).node);
    if (state.objective === 'quadratic') {
      fields.append(
        slider({ label: 'condition κ', limits: LIMITS.kappa, value: state.kappa, change: set('kappa') }).node,
        slider({ label: 'rotation', limits: LIMITS.angle, step: 1, unit: '°', value: state.angle, change: set('angle') }).node);
    }
    explorer.startFields = [0, 1].map((i) => numberField({
      label: `Start ${'xy'[i]}`, step: 'any', value: state.start[i],
      change: (x) => { state.start[i] = x; explorer.compute(); },
    }));
    fields.append(
      slider({ label: 'noise σ', limits: LIMITS.noise, step: 0.01, value: state.noise, change: set('noise') }).node,
      el('div', { class: 'live-fields' },
        ...explorer.startFields.map((field) => field.node),
        numberField({ label: 'Seed', step: 1, limits: LIMITS.seed, value: state.seed,
          change: whole('seed', set('seed')) }).node,
        numberField({ label: 'Steps', step: 10, limits: LIMITS.steps, value: state.steps,
          change: whole('steps', (steps) => explorer.setSteps(steps)) }).node));
    return fields;
  }

  function methodForm(explorer, name) {
    const chosen = explorer.state.methods[name], { label, color, dash } = methods[name];
    const rows = el('div', { class: 'live-rows', hidden: !chosen.on });
    for (const [key, value] of Object.entries(chosen.scalars)) {
      rows.append(slider({
        label: NAMES[key], limits: LIMITS[key], value,
        change: (x) => { chosen.scalars[key] = x; explorer.compute(); },
      }).node);
    }
    for (const key of Object.keys(options(name))) {
      rows.append(checkbox({
        label: NAMES[key], value: chosen.options[key],
        change: (on) => { chosen.options[key] = on; explorer.compute(); },
      }).node);
    }
    const toggle = checkbox({
      label, value: chosen.on, mark: swatch(color, dash),
      change: (on) => { chosen.on = on; rows.hidden = !on; explorer.compute(); },
    });
    return el('fieldset', { class: 'live-method' },
      el('legend', { class: 'live-hidden' }, label), toggle.node, rows);
  }

  root.bookForm = { landscapeForm, methodForm };
})(typeof globalThis !== 'undefined' ? globalThis : this);

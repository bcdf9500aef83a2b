// Form controls of the live figures: each labelled, each with its value in words.
(function (root) {
  'use strict';

  // An element with attributes and children; a property that is a function is a listener.
  function el(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes)) {
      if (typeof value === 'function') node.addEventListener(key, value);
      else if (value === true) node.setAttribute(key, '');
      else if (value !== false && value != null) node.setAttribute(key, value);
    }
    node.append(...children.filter((child) => child != null));
    return node;
  }

  let count = 0;
  const { power } = root.bookDraw;
  function format(x) {
    if (x === 0 || (Math.abs(x) >= 1e-3 && Math.abs(x) < 1e4)) {
      return String(+x.toPrecision(3)).replace('-', '−');
    }
    const [digits, exponent] = x.toExponential(1).split('e');
    return `${digits.replace('-', '−').replace('.0', '')}·${power(+exponent)}`;
  }

  // A slider over [low, high]; a logarithmic one moves in equal ratios.
  function slider({ label, limits: [low, high, logarithmic], step, unit = '', value, change }) {
    const id = `live-${++count}`;
    const inside = logarithmic ? Math.log10 : (x) => x;
    const outside = logarithmic ? (x) => +(10 ** x).toPrecision(3) : (x) => +x.toPrecision(6);
    const grain = step || (logarithmic ? 0.02 : (high - low) / 1000);
    const input = el('input', {
      id, type: 'range', min: inside(low), max: inside(high), step: grain,
      input: () => { show(outside(+input.value)); change(outside(+input.value)); },
    });
    const output = el('output', { for: id });
    function show(x) {
      output.textContent = format(x) + unit;
      input.setAttribute('aria-valuetext', format(x) + unit);
    }
    function set(x) { input.value = inside(x); show(x); }
    set(value);
    const node = el('div', { class: 'live-row' }, el('label', { for: id }, label), input, output);
    return { node, set, input };
  }

  function numberField({ label, value, step, limits, change }) {
    const id = `live-${++count}`;
    const input = el('input', {
      id, type: 'number', step, value, min: limits && limits[0], max: limits && limits[1],
      input: () => { if (Number.isFinite(input.valueAsNumber)) change(input.valueAsNumber); },
    });
    const node = el('div', { class: 'live-field' }, el('label', { for: id }, label), input);
    return { node, set: (x) => { if (document.activeElement !== input) input.value = x; } };
  }

  function checkbox({ label, value, change, mark }) {
    const id = `live-${++count}`;
    const input = el('input', { id, type: 'checkbox', change: () => change(input.checked) });
    input.checked = value;
    const node = el('div', { class: 'live-check' }, input, el('label', { for: id }, mark, label));
    return { node, set: (on) => { input.checked = on; } };
  }

  function select({ label, choices, value, change }) {
    const id = `live-${++count}`;
    const input = el('select', { id, change: () => change(input.value) });
    for (const [key, text] of choices) input.append(el('option', { value: key }, text));
    input.value = value;
    const node = el('div', { class: 'live-field' }, el('label', { for: id }, label), input);
    return { node, set: (key) => { input.value = key; } };
  }

  function button(label, click) {
    return el('button', { type: 'button', click }, label);
  }

  // A line in a method's color and dashes, beside its name.
  function swatch(color, dash) {
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    const line = document.createElementNS('http://www.w3.org/2000/svg', 'line');
    for (const [key, value] of Object.entries({ width: 28, height: 10, 'aria-hidden': 'true' })) {
      svg.setAttribute(key, value);
    }
    svg.setAttribute('class', 'live-swatch');
    svg.style.setProperty('--line', color);
    const look = { x1: 1, x2: 27, y1: 5, y2: 5, 'stroke-width': 3,
      'stroke-dasharray': dash.map((d) => d / 1.5).join(' ') };
    for (const [key, value] of Object.entries(look)) line.setAttribute(key, value);
    svg.append(line);
    return svg;
  }

  root.bookControls = { button, checkbox, el, format, numberField, select, slider, swatch };
})(typeof globalThis !== 'undefined' ? globalThis : this);

// The explorer: methods race over a landscape; every number is computed as you watch.
(function (root) {
  'use strict';
  const { objectives, noise, run } = root.bookSimulate;
  const { Plot, palette, shade } = root.bookDraw;
  const { button, el, format, slider, swatch } = root.bookControls;
  const { defaults, read, ruleOf, write } = root.bookState;
  const { landscapeForm, methodForm } = root.bookForm;
  const methods = root.bookMethods;
  const SECONDS = 5; // a play from start to end

  class Explorer {
    constructor(mount) {
      this.state = read(location.hash) || defaults();
      this.at = this.state.steps;
      this.playing = 0;
      this.mount = mount;
      this.build();
      this.compute();
      new ResizeObserver(() => this.redraw()).observe(this.panels);
      new MutationObserver(() => { this.background = null; this.redraw(); })
        .observe(document.documentElement, { attributeFilter: ['data-theme'] });
      root.addEventListener('hashchange', () => {
        const state = read(location.hash);
        if (state && write(state) !== write(this.state)) this.adopt(state);
      });
    }

    // ---- the page -------------------------------------------------------------------

    build() {
      const canvas = () => el('canvas', { 'aria-hidden': 'true' });
      this.canvases = { map: canvas(), loss: canvas(), rates: canvas() };
      this.handle = el('button', {
        type: 'button', class: 'live-start', keydown: (event) => this.nudge(event),
        title: 'Start point: drag it, or use the arrow keys',
      });
      this.hint = el('span', { class: 'live-hint', 'aria-hidden': 'true' }, 'drag me');
      this.map = el('div', { class: 'live-map' }, this.canvases.map, this.handle, this.hint);
      this.map.addEventListener('pointerdown', (event) => this.drag(event));
      this.words = el('div', { class: 'live-words', 'aria-live': 'polite' });
      const figure = (node, ...caption) => el('figure', {}, node, el('figcaption', {}, ...caption));
      this.lossCaption = el('span');
      this.panels = el('div', { class: 'live-panels' },
        el('figure', { class: 'live-main' }, this.map),
        figure(this.canvases.loss, this.lossCaption),
        figure(this.canvases.rates, 'Effective rate: of x thick, of y thin'));
      this.copyButton = button('Copy link', () => this.copy());
      this.form = el('form', { class: 'live-form', submit: (event) => event.preventDefault() });
      this.mount.replaceChildren(
        el('div', { class: 'live-explorer' },
          el('div', { class: 'live-stage' }, this.transport(), this.panels, this.words),
          this.form));
      const axes = { x: [0, 1], y: [0, 1] };
      this.plots = {
        map: new Plot(this.canvases.map, { ...axes, xLabel: 'x', yLabel: 'y' }),
        loss: new Plot(this.canvases.loss, { ...axes, xLabel: 'step', yLabel: 'loss', logY: true }),
        rates: new Plot(this.canvases.rates, { ...axes, xLabel: 'step', yLabel: 'rate', logY: true }),
      };
      this.controls();
    }

    transport() {
      this.playButton = button('Play', () => (this.playing ? this.pause() : this.play()));
      this.playButton.classList.add('live-play');
      this.scrubber = slider({
        label: 'Step', limits: [0, this.state.steps], step: 1, value: this.at,
        change: (at) => { this.pause(); this.show(at); },
      });
      return el('div', { class: 'live-transport', role: 'group', 'aria-label': 'Time' },
        this.playButton,
        button('To the start', () => { this.pause(); this.show(0); }),
        button('One step', () => { this.pause(); this.show(Math.min(this.at + 1, this.state.steps)); }),
        this.scrubber.node);
    }

    // Build the form anew for the state; the objective decides what it holds.
    controls() {
      this.form.replaceChildren(landscapeForm(this),
        ...Object.keys(methods).map((name) => methodForm(this, name)),
        el('div', { class: 'live-actions' }, this.copyButton,
          button('Reset all', () => this.adopt(defaults(this.state.objective)))));
    }

    // ---- changes --------------------------------------------------------------------

    adopt(state) {
      this.pause();
      this.state = state;
      this.at = state.steps;
      this.controls();
      this.compute();
    }

    choose(name) {
      const fresh = defaults(name);
      for (const key of Object.keys(methods)) fresh.methods[key].on = this.state.methods[key].on;
      this.adopt(fresh);
      this.form.querySelector('select').focus();
    }

    setSteps(steps) {
      const ended = this.at >= this.state.steps;
      this.state.steps = steps;
      if (ended || this.at > steps) this.at = steps;
      this.compute();
    }

    move(x, y) {
      const [x0, x1, y0, y1] = objectives[this.state.objective].window;
      this.state.start = [Math.min(x1, Math.max(x0, x)), Math.min(y1, Math.max(y0, y))]
        .map((v) => +v.toPrecision(4));
      this.startFields.forEach((field, i) => field.set(this.state.start[i]));
      this.hint.hidden = true;
      this.compute();
    }

    nudge(event) {
      const [x0, x1] = objectives[this.state.objective].window;
      const step = (x1 - x0) / (event.shiftKey ? 20 : 200), [x, y] = this.state.start;
      const by = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] }[event.key];
      if (!by) return;
      event.preventDefault();
      this.move(x + by[0], y + by[1]);
    }

    drag(event) {
      const plot = this.plots.map, box = this.canvases.map.getBoundingClientRect();
      const follow = (e) => this.move(...plot.data(e.clientX - box.left, e.clientY - box.top));
      const end = () => {
        this.map.removeEventListener('pointermove', follow);
        this.map.removeEventListener('pointerup', end);
        this.map.removeEventListener('pointercancel', end);
      };
      event.preventDefault();
      this.map.setPointerCapture(event.pointerId);
      this.map.addEventListener('pointermove', follow);
      this.map.addEventListener('pointerup', end);
      this.map.addEventListener('pointercancel', end);
      this.handle.focus({ preventScroll: true });
      follow(event);
    }

    // ---- runs -----------------------------------------------------------------------

    compute() {
      const { state } = this, choice = objectives[state.objective];
      this.objective = choice.make({ kappa: state.kappa, angle: state.angle * Math.PI / 180 });
      const draws = noise(state.seed, state.steps, state.noise);
      this.runs = Object.entries(state.methods).filter(([, { on }]) => on).map(([name, chosen]) => ({
        name, ...methods[name],
        ...run(ruleOf(name, chosen), chosen.scalars, this.objective, state.start, state.steps, draws),
      }));
      const of = (choice.series || { of: (x, y, f) => f }).of;
      for (const r of this.runs) {
        r.series = Array.from({ length: r.steps + 1 }, (_, k) => of(r.path[2 * k], r.path[2 * k + 1], r.loss[k]));
      }
      this.lossCaption.textContent = choice.series
        ? `What counts here: ${choice.series.label}` : 'Loss after each step';
      const [x0, x1, y0, y1] = choice.window;
      this.plots.map.domain([x0, x1], [y0, y1]);
      this.plots.loss.domain([0, state.steps], range(this.runs.flatMap((r) => r.series), 12));
      this.plots.rates.domain([0, state.steps], range(this.runs.flatMap((r) => [...r.rates.subarray(0, 2 * r.steps)]), 8));
      this.plots.loss.yLabel = choice.series ? choice.series.label : 'loss';
      this.background = null;
      const hash = write(state);
      if (hash !== location.hash && (location.hash || hash !== write(defaults()))) {
        clearTimeout(this.addressTimer);
        this.addressTimer = setTimeout(() => history.replaceState(null, '', hash), 250);
      }
      this.show(Math.min(this.at, state.steps));
    }

    show(at) {
      this.at = at;
      const input = this.scrubber.input;
      input.max = this.state.steps;
      this.scrubber.set(Math.floor(at));
      this.redraw();
      clearTimeout(this.wordsTimer);
      if (!this.playing) this.wordsTimer = setTimeout(() => this.say(), 400);
    }

    play() {
      if (this.at >= this.state.steps) this.at = 0;
      const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
      let last = null;
      const frame = (now) => {
        const passed = last === null ? 0 : (now - last) / 1000;
        if (!calm || last === null || passed >= 1) { // with reduced motion: one jump a second
          last = now;
          this.show(Math.min(this.state.steps, this.at + passed * this.state.steps / SECONDS));
        }
        if (this.at >= this.state.steps) this.pause();
        else if (this.playing) this.playing = requestAnimationFrame(frame);
      };
      this.playButton.textContent = 'Pause';
      this.playing = requestAnimationFrame(frame);
    }

    pause() {
      cancelAnimationFrame(this.playing);
      this.playing = 0;
      this.playButton.textContent = 'Play';
      this.show(this.at);
    }

    async copy() {
      history.replaceState(null, '', write(this.state));
      const done = await navigator.clipboard?.writeText(location.href).then(() => true, () => false);
      this.copyButton.textContent = done ? 'Copied' : 'The link is in the address bar';
      setTimeout(() => { this.copyButton.textContent = 'Copy link'; }, 2500);
    }

    // ---- what is seen and said ------------------------------------------------------

    redraw() {
      const { plots } = this, at = Math.floor(this.at), colors = palette(this.mount);
      const resized = Object.values(plots).map((plot) => plot.fit()).some(Boolean);
      if (plots.map.width === 0) return;
      if (resized || !this.background) this.background = this.drawBackground(colors);
      for (const key of Object.keys(plots)) {
        plots[key].clear();
        plots[key].context.drawImage(this.background[key], 0, 0, plots[key].width, plots[key].height);
      }
      const { minimum } = objectives[this.state.objective];
      if (minimum) plots.map.cross(minimum[0], minimum[1], colors.text);
      for (const r of this.runs) {
        const count = Math.min(at, r.steps) + 1, look = { color: shade(r.color, colors.dark), dash: r.dash };
        plots.map.curve(count, (k) => r.path[2 * k], (k) => r.path[2 * k + 1], look);
        plots.map.dot(r.path[2 * count - 2], r.path[2 * count - 1], { color: look.color, ring: colors.surface });
        plots.loss.curve(count, (k) => k, (k) => r.series[k], look);
        for (const i of [0, 1]) {
          plots.rates.curve(count - 1, (k) => k + 1, (k) => r.rates[2 * k + i], { ...look, width: 2.5 - 1.25 * i });
        }
      }
      const [x, y] = this.state.start;
      for (const node of [this.handle, this.hint]) {
        node.style.left = `${plots.map.px(x)}px`;
        node.style.top = `${plots.map.py(y)}px`;
      }
      this.handle.setAttribute('aria-label', `Start point at x ${format(x)}, y ${format(y)}; arrow keys move it`);
    }

    // What stays while a run plays: axes and contour lines.
    drawBackground(colors) {
      this.plots.map.clear();
      this.plots.map.landscape(this.objective.value, colors);
      const copies = {};
      for (const [key, plot] of Object.entries(this.plots)) {
        if (key !== 'map') plot.clear();
        plot.axes(colors, key !== 'map');
        const copy = el('canvas', { width: plot.canvas.width, height: plot.canvas.height });
        if (copy.width && copy.height) copy.getContext('2d').drawImage(plot.canvas, 0, 0);
        copies[key] = copy;
      }
      return copies;
    }

    // The result in words, each beside its line: what a reader of the plots sees.
    say() {
      const at = Math.floor(this.at), { series } = objectives[this.state.objective];
      const lines = this.runs.map((r) => {
        const k = Math.min(at, r.steps), place = `(${format(r.path[2 * k])}, ${format(r.path[2 * k + 1])})`;
        const value = `${series ? series.label : 'loss'} ${format(r.series[k])}`;
        const text = r.diverged && at >= r.steps ? ` has diverged after ${r.steps} steps`
          : Math.abs(r.loss[k]) > 1e12 ? ` diverges: ${value}` : ` is at ${place}, ${value}`;
        return el('li', {}, swatch(r.color, r.dash), el('span', {}, el('b', {}, r.label), text));
      });
      this.words.replaceChildren(
        el('p', {}, lines.length ? `After ${at} ${at === 1 ? 'step' : 'steps'}:` : 'No method is switched on.'),
        el('ul', {}, ...lines));
    }
  }

  // The interval of logarithms that holds the positive values, at most so many decades.
  function range(values, decades) {
    const logs = values.filter((v) => v > 0 && Number.isFinite(v)).map(Math.log10);
    if (!logs.length) return [-1, 1];
    const high = Math.min(6, logs.reduce((a, b) => Math.max(a, b), -300));
    const low = Math.max(high - decades, logs.reduce((a, b) => Math.min(a, b), 300));
    const space = Math.max(0.05 * (high - low), 0.1);
    return [low - space, high + space];
  }

  root.bookExplorer = { Explorer, range };
  for (const mount of document.querySelectorAll('[data-live="explorer"]')) {
    mount.explorer = new Explorer(mount);
  }
})(typeof globalThis !== 'undefined' ? globalThis : this);

// Repairs to the theme: names and landmarks for screen readers, the keyboard, search without a server.
for (const summary of document.querySelectorAll('details > summary'))
  if (summary.textContent.trim()) summary.removeAttribute('aria-label');
  else summary.setAttribute('aria-label', 'Pages of this chapter');
for (const button of document.querySelectorAll('.search-button__button'))
  button.removeAttribute('aria-label');
for (const icon of document.querySelectorAll('.theme-switch-button [title]')) {
  icon.removeAttribute('title');
  icon.setAttribute('aria-hidden', 'true');
}
for (const brand of document.querySelectorAll('.sidebar-primary-item > a.navbar-brand'))
  brand.parentElement.setAttribute('role', 'banner');
for (const entry of document.querySelectorAll('.citation-list > .citation'))
  entry.setAttribute('role', 'listitem'); // in place of a deprecated role

// What scrolls sideways can be reached with the keyboard.
const scrollers = 'mjx-container[display="true"], span.math, pre, .bd-content table, .cell_output';
const markScrollers = () => {
  const boxes = [...document.querySelectorAll(scrollers)];
  const scrolls = boxes.map(box => box.scrollWidth > box.clientWidth); // read all, then write
  boxes.forEach((box, i) => {
    if (scrolls[i]) box.tabIndex = 0;
    else box.removeAttribute('tabindex');
  });
};
new ResizeObserver(markScrollers).observe(document.querySelector('main'));

// A figure opens alone, to be enlarged on a phone.
for (const image of document.querySelectorAll('.bd-content :is(figure, .cell_output) img')) {
  if (image.closest('a')) continue;
  const link = document.createElement('a');
  link.href = image.src;
  image.replaceWith(link);
  link.append(image);
}

// A search result's excerpt is fetched, which browsers refuse for a page from a folder.
if (location.protocol === 'file:') DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

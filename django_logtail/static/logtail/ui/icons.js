/** The icons, as paths on a 16-pixel grid. */

const SHAPES = {
  filesearch: 'M7 13.5H3.75c-.7 0-1.25-.55-1.25-1.25v-8.5c0-.7.55-1.25 1.25-1.25h5L12 5.75v1.5M5.25 6h2.5M5.25 8.75h1.5M12.9 10.75a2.4 2.4 0 1 1-4.8 0 2.4 2.4 0 0 1 4.8 0ZM12.3 12.55l1.7 1.7',
  search: 'M11.25 7a4.25 4.25 0 1 1-8.5 0 4.25 4.25 0 0 1 8.5 0ZM10.2 10.2l3.3 3.3',
  pause: 'M5.75 3.5v9M10.25 3.5v9',
  play: 'M5 3.4v9.2L12.6 8z',
  stop: 'M4 5a1 1 0 0 1 1-1h6a1 1 0 0 1 1 1v6a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1z',
  down: 'M8 3v10M3.75 8.75 8 13l4.25-4.25',
  split: 'M3.5 3h9A1.5 1.5 0 0 1 14 4.5v7a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 2 11.5v-7A1.5 1.5 0 0 1 3.5 3ZM8 3v10',
  download: 'M8 2.5v7M5 6.75l3 3 3-3M2.75 11v1.25c0 .7.55 1.25 1.25 1.25h8c.7 0 1.25-.55 1.25-1.25V11',
  tune: 'M2.5 4.75h6M12 4.75h1.5M2.5 11.25H4M7.5 11.25h6M11.85 4.75a1.6 1.6 0 1 1-3.2 0 1.6 1.6 0 0 1 3.2 0ZM7.35 11.25a1.6 1.6 0 1 1-3.2 0 1.6 1.6 0 0 1 3.2 0Z',
  keys: 'M3.25 4h9.5a1.5 1.5 0 0 1 1.5 1.5v5a1.5 1.5 0 0 1-1.5 1.5h-9.5a1.5 1.5 0 0 1-1.5-1.5v-5A1.5 1.5 0 0 1 3.25 4ZM4.25 6.75h.01M6.75 6.75h.01M9.25 6.75h.01M11.75 6.75h.01M5.25 9.5h5.5',
  more: 'M3.25 8h.01M8 8h.01M12.75 8h.01',
  x: 'm4.25 4.25 7.5 7.5M11.75 4.25l-7.5 7.5',
  copy: 'M7 5.5h5A1.5 1.5 0 0 1 13.5 7v5a1.5 1.5 0 0 1-1.5 1.5H7A1.5 1.5 0 0 1 5.5 12V7A1.5 1.5 0 0 1 7 5.5ZM10.5 3.9c0-.8-.6-1.4-1.4-1.4H3.9c-.8 0-1.4.6-1.4 1.4v5.2c0 .8.6 1.4 1.4 1.4',
  link: 'M6.9 9.1a2.7 2.7 0 0 0 3.9.1l2-2a2.75 2.75 0 0 0-3.9-3.9l-.9.9M9.1 6.9a2.7 2.7 0 0 0-3.9-.1l-2 2a2.75 2.75 0 0 0 3.9 3.9l.9-.9',
  context: 'M2.5 8h11M4.5 4.5h7M4.5 11.5h7',
  chevron: 'm4.5 6.25 3.5 3.5 3.5-3.5',
  'chevron-left': 'M9.75 4.5 6.25 8l3.5 3.5',
  'chevron-up': 'm4.5 9.75 3.5-3.5 3.5 3.5',
  list: 'M2.5 4.25h11M2.5 8h11M2.5 11.75h7',
  funnel: 'M2.5 4h11M4.75 8h6.5M7 12h2',
  not: 'M13.25 8a5.25 5.25 0 1 1-10.5 0 5.25 5.25 0 0 1 10.5 0ZM4.4 11.6l7.2-7.2',
  warn: 'M8 2.75 14 13.25H2zM8 6.75v3M8 11.5h.01',
  lock: 'M4.5 7h7a1.25 1.25 0 0 1 1.25 1.25V12a1.25 1.25 0 0 1-1.25 1.25h-7A1.25 1.25 0 0 1 3.25 12V8.25A1.25 1.25 0 0 1 4.5 7ZM5.25 7V5.25a2.75 2.75 0 0 1 5.5 0V7',
  file: 'M4 2.5h5L12.5 6v7.5H4zM9 2.5V6h3.5',
  turn: 'M13 8a5 5 0 1 1-1.6-3.7M13 2.75v2.5h-2.5',
  moon: 'M13 9.4A5.4 5.4 0 0 1 6.6 3a5.4 5.4 0 1 0 6.4 6.4z',
  note: 'M3.5 3h9A1.5 1.5 0 0 1 14 4.5v5a1.5 1.5 0 0 1-1.5 1.5H8l-3 2.5V11H3.5A1.5 1.5 0 0 1 2 9.5v-5A1.5 1.5 0 0 1 3.5 3Z',
  bookmark: 'M4.5 2.75h7v10.5L8 10.75l-3.5 2.5z',
  people: 'M8.25 5.75a2.25 2.25 0 1 1-4.5 0 2.25 2.25 0 0 1 4.5 0ZM2 13c.2-2.5 1.7-3.75 4-3.75S9.8 10.5 10 13M10.25 3.75a2.25 2.25 0 0 1 0 4M11.5 9.5c1.5.4 2.3 1.6 2.5 3.5',
  markdown: 'M3 3.75h10c.7 0 1.25.55 1.25 1.25v6c0 .7-.55 1.25-1.25 1.25H3c-.7 0-1.25-.55-1.25-1.25V5c0-.7.55-1.25 1.25-1.25ZM4.25 10V6.25l1.75 2 1.75-2V10M11 6.25v3.5M9.75 8.5 11 9.75l1.25-1.25',
  check: 'm3.5 8.5 3 3 6-7',
};
const SVG = 'http://www.w3.org/2000/svg';

/** @param {keyof typeof SHAPES} name @returns {SVGElement} */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', SHAPES[name]);
  svg.append(path);
  return svg;
}

/** Shows another shape in an icon. @param {Element} holder @param {keyof typeof SHAPES} name */
export function reshape(holder, name) {
  holder.querySelector('svg path')?.setAttribute('d', SHAPES[name]);
}

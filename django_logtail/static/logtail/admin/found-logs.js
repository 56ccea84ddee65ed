/** The files that have no log yet, above the admin's form for a log. */

import { FoundFiles } from '../page/found-files.js';
import { config, words } from '../ui/config.js';

const place = document.getElementById('logtail-found');
const { found, 'add-found': add } = config.urls;
if (place && found) {
  const files = new FoundFiles({
    found, add, words, headers: config.headers(), fetch: fetch.bind(window), isForm: true,
    // Without a file and without advice, the form alone says more.
    drawn: ({ files, advice }) => { place.hidden = !files.length && !advice; },
    added: () => location.assign(place.dataset.done ?? '../'),
  });
  files.element.classList.add('lt-root');
  place.append(files.element);
  void files.load();
}

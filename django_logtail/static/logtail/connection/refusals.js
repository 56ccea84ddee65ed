/**
 * Remembers in this tab that the server refused a page, so that the next page there doesn't ask for one more reload.
 *
 * @param {() => Storage} storage throws if the browser allows none here
 * @returns {{before: boolean, note(): void, forget(): void}} `before`: an earlier page was refused, and none was served since
 */
export function rememberedRefusals(storage) {
  const KEY = 'logtail:refused';
  const attempt = (/** @type {(kept: Storage) => unknown} */ use) => {
    try { return use(storage()); } catch { return null; }
  };
  const found = {
    before: attempt((kept) => kept.getItem(KEY)) !== null,
    note: () => { attempt((kept) => kept.setItem(KEY, '1')); },
    forget: () => {
      found.before = false;
      attempt((kept) => kept.removeItem(KEY));
    },
  };
  return found;
}

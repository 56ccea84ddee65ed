/** The address for signing in and coming back. Knows no DOM. */

/**
 * The address of the sign-in page with `next`, as Django's `login_required` writes it: the full address if the host
 * differs.
 *
 * @param {string} login @param {string} here the page's own address
 */
export function signInAddress(login, here) {
  const address = new URL(login, here);
  const { origin, pathname, search, hash, href } = new URL(here);
  address.searchParams.set('next', address.origin === origin ? pathname + search + hash : href);
  return address.href;
}

/** Times that a container's runtime writes before each line of a program. Knows no DOM. */

/** CRI-O and containerd, as Kubernetes keeps it, and `docker logs -t`. */
const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)(?= (?:(?:stdout|stderr) [FP] |\{"|\[?\d{4}[-/]\d\d))/;

/** Where the stamp ends that a line begins with; 0 without one. @param {string} text */
export function stampEnd(text) {
  const code = text.charCodeAt(0);
  return code >= 48 && code <= 57 ? STAMP.exec(text)?.[0].length ?? 0 : 0;
}

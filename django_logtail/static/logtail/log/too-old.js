/** What the server refuses because it is too old for this viewer. */

/**
 * What is asked for beside other lines; null where it isn't for this viewer to see.
 *
 * @template T @param {Promise<T>} answer @returns {Promise<T|null>}
 */
export function unlessTooOld(answer) {
  return answer.catch((error) => {
    if (error.id === 'not-allowed') return null;
    throw error;
  });
}

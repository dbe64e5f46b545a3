/**
 * A lab is all that runs for one test: browser, proxy, application. It ends with the test, however the test ends, last things first.
 */
export class Lab {
  /** @type {(() => unknown)[]} */
  #undo = [];

  /**
   * Has something undone at the end. What it throws fails the test.
   * @param {() => unknown} undo
   */
  defer(undo) {
    this.#undo.push(undo);
  }

  /** Undoes everything, whatever fails, and returns the failures. */
  async close() {
    const failures = [];
    for (const undo of this.#undo.splice(0).reverse()) {
      try {
        await undo();
      } catch (failure) {
        failures.push(failure);
      }
    }
    return failures;
  }
}

/**
 * Makes a test of a function that wants a lab. A test that takes longer than the limit fails, and what it waits for is taken away from it:
 * the runner's own limit would give up on the test and leave everything running. The limit is for what hangs: a busy machine takes several
 * times as long as an idle one.
 * @param {(lab: Lab, t: import('node:test').TestContext) => Promise<void>} play
 * @param {number} [limit] in milliseconds
 */
export function inLab(play, limit = 120_000) {
  return async (/** @type {import('node:test').TestContext} */ t) => {
    const lab = new Lab();
    const failures = [];
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    const tooLate = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`the test is not done after ${limit / 1000} s`)), limit);
    });
    try {
      await Promise.race([play(lab, t), tooLate]);
    } catch (failure) {
      failures.push(failure);
    }
    clearTimeout(timer);
    failures.push(...(await lab.close()));
    if (failures.length > 1) throw new AggregateError(failures, failures.map(String).join('\n'));
    if (failures.length === 1) throw failures[0];
  };
}

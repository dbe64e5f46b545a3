/**
 * Runs in the page, ahead of its own scripts, and tells the test of every answer that a script gets and every state that is shown.
 */
export function watch() {
  const { tell } = /** @type {{tell(kind: string, news: unknown): void}} */ (/** @type {unknown} */ (window));

  const { send } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.send = function (...body) {
    this.addEventListener('loadend', () => {
      const lines = this.getAllResponseHeaders().split('\r\n').filter(Boolean);
      const headers = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]));
      const path = this.responseURL && new URL(this.responseURL).pathname;
      tell('poll', { path, status: this.status, headers, body: this.responseText, document: performance.timeOrigin });
    });
    send.apply(this, body);
  };

  /* A duration grows by itself: it is no state of the document. */
  const tellState = () => {
    const fields = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-field]:not([data-field="duration"])'));
    if (fields.length > 0) tell('state', Object.fromEntries(Array.from(fields, (field) => [field.dataset.field, field.innerHTML])));
  };
  document.addEventListener('DOMContentLoaded', () => {
    tellState();
    new MutationObserver(tellState).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
  });
}

import htm from 'htm';
import { h } from 'preact';

/** Writes elements as HTML: html`<p>${text}</p>`. Text is never markup. */
export const html = htm.bind(h);

/**
 * Text whose `code` is in backticks, as elements.
 * @param {string} text
 */
export function coded(text) {
  return text.split('`').map((part, i) => (i % 2 ? html`<code>${part}</code>` : part));
}

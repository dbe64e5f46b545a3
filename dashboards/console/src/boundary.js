import { Component } from 'preact';

import { html } from './view.js';

/**
 * What cannot be shown is said, and the rest of the page stays: the instance may be of another version than a page that was left open, and
 * say what this one does not understand. Another place, in `at`, is tried anew.
 */
export class Boundary extends Component {
  state = { failedAt: /** @type {string | null} */ (null) };

  /** @param {Error} failure */
  componentDidCatch(failure) {
    console.error(failure);
    this.setState({ failedAt: /** @type {any} */ (this.props).at });
  }

  render() {
    const { at, children } = /** @type {any} */ (this.props);
    if (this.state.failedAt !== at) return children;
    return html`<p class="notice bad" role="alert"><b>This page does not understand what the instance says.</b> It may be of another version.
      <button type="button" onClick=${() => location.reload()}>Reload</button></p>`;
  }
}

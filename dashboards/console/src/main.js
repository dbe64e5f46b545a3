import { render } from 'preact';

import { App } from './app.js';
import './console.css';
import { html } from './view.js';

render(html`<${App} />`, /** @type {HTMLElement} */ (document.getElementById('console')));

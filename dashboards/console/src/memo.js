import { Component, createRef, h } from 'preact';

import { watchSight } from './sight.js';

/**
 * Draws a part again only when one of its properties is another.
 * @template {object} P
 * @param {(props: P) => import('preact').ComponentChildren} part
 */
export function memo(part) {
  return class extends Component {
    /** @param {Readonly<Record<string, unknown>>} next */
    shouldComponentUpdate(next) {
      const now = /** @type {Record<string, unknown>} */ (this.props);
      return Object.keys(next).some((name) => next[name] !== now[name]);
    }

    render() {
      return h(/** @type {any} */ (part), this.props);
    }
  };
}

/**
 * The same, and only while the part is in sight: of 200 rows a dozen are. The part gives its element the ref that it is given.
 * @template {object} P
 * @param {(props: P) => import('preact').ComponentChildren} part
 */
export function memoInSight(part) {
  return class extends memo(part) {
    isSeen = true;
    element = createRef();

    componentDidMount() {
      this.stop = watchSight(this.element.current, (isSeen) => {
        this.isSeen = isSeen;
        if (isSeen) this.forceUpdate();
      });
    }

    /** @param {Readonly<Record<string, unknown>>} next */
    shouldComponentUpdate(next) {
      return this.isSeen && super.shouldComponentUpdate(next);
    }

    componentWillUnmount() {
      this.stop?.();
    }

    render() {
      return h(/** @type {any} */ (part), { ...this.props, element: this.element });
    }
  };
}

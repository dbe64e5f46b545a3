/** How far outside the window something counts as seen already, so that it is drawn before it is. */
const margin = '400px';

/** @type {WeakMap<Element, (isSeen: boolean) => void>} */
const told = new WeakMap();

const observer = new IntersectionObserver((entries) => entries.forEach((e) => told.get(e.target)?.(e.isIntersecting)), { rootMargin: margin });

/**
 * Tells when an element comes into sight, and when it leaves.
 * @param {Element} element
 * @param {(isSeen: boolean) => void} tell
 * @returns {() => void} stops
 */
export function watchSight(element, tell) {
  told.set(element, tell);
  observer.observe(element);
  return () => observer.unobserve(element);
}

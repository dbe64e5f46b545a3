/* The flag is all that is left on the page: the script may be there twice. */
const started = Symbol.for('pollard');

if (!(started in window)) {
  Object.assign(window, { [started]: true });
  const documents = new Documents();
  wrapFetch(documents);
  wrapXHR(documents);
}

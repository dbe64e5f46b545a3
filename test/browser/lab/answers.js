/**
 * Runs in the page: asks with an XMLHttpRequest, and takes down everything that it says of itself on the way.
 * @param {{path: string, type: XMLHttpRequestResponseType, condition?: string}} question
 */
export async function askByXHR({ path, type, condition }) {
  const request = new XMLHttpRequest();
  /** @type {string[]} */
  const log = [];
  const read = (/** @type {() => unknown} */ get) => {
    try {
      return String(get());
    } catch (error) {
      return error instanceof DOMException ? error.name : String(error);
    }
  };
  const take = (/** @type {Event} */ event) => {
    const { type: name } = event;
    const progress = event instanceof ProgressEvent ? `${event.lengthComputable} ${event.loaded} ${event.total}` : '';
    const state = ['readyState', 'status', 'statusText', 'responseURL', 'responseText', 'response', 'responseXML']
      .map((property) => read(() => request[/** @type {'status'} */ (property)])).join(' | ');
    log.push(`${name} ${progress} ${state} ${request.getResponseHeader('Content-Type')}`);
  };
  for (const name of ['readystatechange', 'loadstart', 'progress', 'abort', 'error', 'timeout', 'load', 'loadend']) {
    request.addEventListener(name, take);
    /** @type {any} */ (request)[`on${name}`] = (/** @type {Event} */ event) => log.push(`on${event.type} ${event.target === request} ${event.bubbles}`);
    request.upload.addEventListener(name, () => log.push('upload'));
  }
  request.open('GET', path);
  request.responseType = type;
  if (condition) request.setRequestHeader('If-None-Match', condition);
  request.send();
  log.push(`sent ${request.readyState}`);
  await new Promise((resolve) => request.addEventListener('loadend', resolve));
  const { response } = request;
  const body = response instanceof Blob ? `${response.type} ${await response.text()}`
    : response instanceof ArrayBuffer ? new TextDecoder().decode(response) : JSON.stringify(response);
  const headers = request.getAllResponseHeaders();
  request.open('GET', path);
  log.push(`opened again ${request.readyState} ${request.status} ${request.getAllResponseHeaders()}`);
  return { log, body, headers };
}

/**
 * Runs in the page: asks with fetch, and takes down what the response says of itself.
 * @param {{path: string, condition?: string}} question
 */
export async function askByFetch({ path, condition }) {
  const response = await fetch(path, condition ? { headers: { 'If-None-Match': condition } } : undefined);
  const copy = response.clone().clone();
  const { url, status, statusText, ok, redirected, type, bodyUsed } = copy;
  const body = status === 304 ? await response.text() : JSON.stringify(await response.json());
  const headers = [...response.headers].map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return {
    log: { url, status, statusText, ok, redirected, type, bodyUsed, name: String(response), bytes: (await copy.arrayBuffer()).byteLength },
    body, headers,
  };
}

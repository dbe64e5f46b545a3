/*
 * Poll: asks one URL again and again, for as long as the server says how long to wait.
 *
 * The next request is scheduled only after a successful one, and by that answer's Poll-Interval: none, 0 or -1 ends it, and so does any
 * error. A hidden page does not ask; when it is shown again it asks at once, whatever had ended it.
 */
(function (window, document) {
  'use strict';

  function Poll(options) {
    this.options = options;
    this.timer = null;
    this.request = null;
    this.stopped = false;
    document.addEventListener('visibilitychange', this.visibilityChanged.bind(this));
  }

  Poll.prototype.makeRequest = function () {
    var self = this;
    var request = this.request = new XMLHttpRequest();
    request.open('GET', this.options.path);
    request.setRequestHeader('Accept', 'application/json, text/plain, */*');
    request.setRequestHeader('X-Requested-With', 'XMLHttpRequest');
    request.setRequestHeader('X-CSRF-Token', this.options.csrfToken);
    request.onload = function () { self.answered(request); };
    request.onerror = function () { self.failed('network error'); };
    request.send();
    this.options.onSend();
  };

  Poll.prototype.answered = function (request) {
    this.request = null;
    if (request.status < 200 || request.status > 299) {
      this.failed('status ' + request.status);
      return;
    }
    var interval = parseInt(request.getResponseHeader('Poll-Interval'), 10);
    if (interval > 0 && !document.hidden) {
      this.makeDelayedRequest(interval);
    }
    this.options.onSuccess(JSON.parse(request.responseText), interval, request.getResponseHeader('ETag'));
  };

  Poll.prototype.makeDelayedRequest = function (delay) {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(this.makeRequest.bind(this), delay);
  };

  Poll.prototype.failed = function (why) {
    this.request = null;
    this.stopped = true;
    this.options.onError(why);
  };

  Poll.prototype.visibilityChanged = function () {
    window.clearTimeout(this.timer);
    if (!document.hidden && !this.request) {
      this.stopped = false;
      this.makeRequest();
    }
  };

  window.Poll = Poll;
}(window, document));

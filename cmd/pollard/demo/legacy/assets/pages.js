/* Shows the document that the page came with, and every one that is polled after it. */
(function (window, document) {
  'use strict';

  var strip = document.getElementById('polling');
  var text = document.getElementById('polling-text');
  var current = JSON.parse(strip.getAttribute('data-state'));
  var sent = 0;
  var tag = '';

  function field(name) { return document.querySelector('[data-field="' + name + '"]'); }

  function element(tag, className, content) {
    var e = document.createElement(tag);
    e.className = className;
    e.textContent = content;
    return e;
  }

  function setText(names, from) {
    names.forEach(function (name) { field(name).textContent = from[name]; });
  }

  function replaceChildren(parent, children) {
    parent.textContent = '';
    children.forEach(function (child) { parent.appendChild(child); });
  }

  /* The server's text is the same for hours; durations grow here. */
  function duration(job) {
    if (!job.started_at) { return '–'; }
    var end = job.finished_at ? Date.parse(job.finished_at) : Date.now();
    var seconds = Math.max(0, Math.floor((end - Date.parse(job.started_at)) / 1000));
    return Math.floor(seconds / 60) + ' min ' + (seconds % 60) + ' s';
  }

  var render = {
    job: function (job) {
      setText(['name', 'id', 'run', 'viewer', 'trace', 'status'], job);
      field('status').className = 'badge ' + job.status;
      field('duration').textContent = duration(job);
      field('trace').scrollTop = field('trace').scrollHeight;
      replaceChildren(field('stages'), job.stages.map(function (stage) {
        return element('li', stage.status, stage.name);
      }));
      ['cancelable', 'retryable'].forEach(function (name) {
        document.querySelector('[data-show="' + name + '"]').hidden = !job[name];
      });
    },
    issue: function (issue) {
      setText(['task_status', 'lock_version', 'viewer'], issue);
      field('title').innerHTML = issue.title;
      field('description').innerHTML = issue.description;
      field('edited').textContent = issue.updated_at
        ? 'Edited by ' + issue.updated_by_name + ' at ' + new Date(issue.updated_at).toLocaleTimeString() : '';
    },
    'import': function (projects) {
      replaceChildren(field('projects'), projects.map(function (project) {
        var row = document.createElement('tr');
        var status = document.createElement('td');
        var progress = document.createElement('td');
        var bar = document.createElement('progress');
        bar.max = project.stats.fetched.objects;
        bar.value = project.stats.imported.objects;
        status.appendChild(element('span', 'badge ' + project.import_status, project.import_status));
        progress.appendChild(bar);
        row.appendChild(element('td', '', project.full_path));
        row.appendChild(status);
        row.appendChild(progress);
        row.appendChild(element('td', 'number', bar.value + ' / ' + bar.max));
        return row;
      }));
    }
  }[strip.getAttribute('data-kind')];

  function say(state, words) {
    strip.className = state;
    text.textContent = sent + (sent === 1 ? ' poll' : ' polls') + ' sent · ' + words;
    tellFrame({ polls: sent, state: state, tag: tag });
  }

  /* A page that shows this one in a frame (on another port, so it cannot look inside) may want to count along. */
  function tellFrame(message) {
    if (window.parent !== window) {
      message.path = strip.getAttribute('data-path');
      window.parent.postMessage(message, '*');
    }
  }

  var poll = new window.Poll({
    path: strip.getAttribute('data-path'),
    csrfToken: document.querySelector('meta[name="csrf-token"]').content,
    onSend: function () {
      sent += 1;
      say('asking', 'asking');
    },
    onSuccess: function (answer, interval, newTag) {
      var changed = JSON.stringify(answer) !== JSON.stringify(current);
      current = answer;
      tag = newTag;
      render(current);
      if (changed) { document.body.classList.add('changed'); }
      window.setTimeout(function () { document.body.classList.remove('changed'); }, 700);
      say(interval > 0 ? 'live' : 'ended', interval > 0 ? 'again every ' + interval / 1000 + ' s' : 'nothing more to wait for');
    },
    onError: function (why) { say('broken', 'stopped: ' + why); }
  });

  render(current);
  if (strip.getAttribute('data-kind') === 'job') {
    window.setInterval(function () { field('duration').textContent = duration(current); }, 1000);
  }
  if (strip.getAttribute('data-kind') === 'issue') {
    document.querySelector('input[name="title"]').value = current.title_text;
  }
  var first = parseInt(strip.getAttribute('data-first'), 10);
  if (first > 0) { poll.makeRequest(); } else { say('ended', 'nothing to wait for'); }
}(window, document));

/** A poll is held for at most so long: pages that give up by themselves mostly do so after 10 s or later. */
const longestHold = 9000;
/** One that comes with an AbortSignal, which may be a clock's, is held for at most so long. */
const guardedHold = 3000;
/** A page that asks again at once, as with a long poll, is not answered more often than this unless there is news. */
const shortestHold = 1000;
/** One that a person may have asked for is hardly held at all. */
const promptly = 100;
/** One that comes as long after the last as that after the one before, give or take this share, is the page's own. */
const punctual = 0.05;
/** Push is believed about changes once it has been right about so many states. */
const enoughProofs = 2;
/** After so many answers in a row that are not what push says, push is not believed about the document. */
const contradictions = 5;

/**
 * A document that the page polls.
 *
 * Push is believed only after it has said what the network says, byte for byte: the subscription is then of the same representation, and
 * made for the same user. Two users' documents can be alike as long as they are empty, and the socket may lack a cookie that is set for a
 * path: the first change is therefore asked of the network, too. Polls also go there whenever it may know something newer.
 */
class Polled {
  /** Which document it is: path and query without what says nothing, and the fields that select the representation. */
  path = '';
  variant = '';
  key = '';
  /** Responses that said that push is there. */
  responses = 0;
  asked = 0;
  wanted = 0;
  /** How often in a row a subscription was refused or ended, and until when there is to be none. */
  refusals = 0;
  refusedUntil = 0;
  /** @type {Answer | undefined} the last that the page was given */
  #shown;
  /** @type {Answer | undefined} what push says; nothing while there is no subscription */
  #pushed;
  /** The tag that a signal gave, where there are signals instead of bodies. */
  #signalled = '';
  #agreed = false;
  /** How many states push and the network have agreed on since the page has written, and the last of them. */
  #proofs = 0;
  #proof = '';
  /** Whether what the page was shown may be older than what it has a right to. */
  #isDoubted = false;
  #disagreed = 0;
  /** Counts the polls that went to the network. */
  #sent = 0;
  /** The first of these whose response says something: what was sent before is older. */
  #heard = 0;
  #answered = 0;
  #pause = 0;
  #isPunctual = false;
  #patience = longestHold;
  /** @type {((answer: Answer | undefined) => void) | undefined} releases the poll that is held */
  #release;

  /** Whether push has contradicted the network too often. */
  get isHopeless() {
    return this.#disagreed >= contradictions;
  }

  get isHeld() {
    return this.#release !== undefined;
  }

  /** What the server, or else the page's habit, says is the time between two polls, in milliseconds. */
  get interval() {
    return Math.max(0, Number(this.#shown?.headers.get('poll-interval')) || this.#pause);
  }

  /** Takes note that the page polls. */
  come() {
    const now = Date.now();
    const pause = now - (this.#release ? this.asked : this.#answered);
    this.#isPunctual = Math.abs(pause - this.#pause) < punctual * pause;
    this.#pause = pause;
    this.asked = now;
    this.#release?.(this.#pushed); // a page that does not wait for its last poll is not kept from sending the next
  }

  /**
   * Returns what comes of a poll, in time; nothing if it has to go to the network now. It may have to later: the promise is then of nothing.
   * @param {Question} poll
   * @param {AbortSignal} signal ends the wait
   * @returns {Promise<Answer | undefined> | undefined}
   */
  wait(poll, signal) {
    if (!this.#agreed || !this.#pushed) return;
    const knows = poll.condition ? isCurrent(poll.condition, this.#pushed.etag) : this.#shown?.etag === this.#pushed.etag;
    return this.#hold(knows ? this.#holdFor(poll.patience) : 0, signal);
  }

  /**
   * A page that polls every few seconds would show news as late as it does without push if its polls were answered at once. One that is
   * held is answered when there is news, so the longer the better; but a page must not give up, and what it shows while it
   * waits must not stay.
   * @param {number} patience of the page
   */
  #holdFor(patience) {
    if (navigator.userActivation?.isActive && !this.#isPunctual) return promptly;
    const habit = Math.max(shortestHold, 3 * this.interval);
    return Math.min(habit, patience, this.#patience);
  }

  /**
   * @param {number} duration
   * @param {AbortSignal} signal
   * @returns {Promise<Answer | undefined>}
   */
  #hold(duration, signal) {
    return new Promise((resolve) => {
      const since = Date.now();
      const release = (/** @type {Answer | undefined} */ answer) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        if (this.#release === release) this.#release = undefined;
        if (answer) this.#shown = answer;
        this.#answered = Date.now();
        resolve(answer);
      };
      const abort = () => {
        this.#patience = Math.max(promptly, Math.min(this.#patience, (Date.now() - since) / 2));
        release(undefined);
      };
      const timer = setTimeout(() => release(this.#agreed ? this.#pushed : undefined), duration);
      signal.addEventListener('abort', abort);
      this.#release = release;
    });
  }

  /**
   * A poll goes to the network: until it is back, that may know more than push. Returns what takes the answer, or the tag that a 304 says
   * to be current.
   */
  send() {
    this.#distrust();
    const turn = ++this.#sent;
    return (/** @type {Answer | undefined} */ answer, current = '') => {
      this.#answered = Date.now();
      if (turn < this.#heard) return;
      this.#heard = turn;
      if (answer || this.#shown?.etag !== current) this.#shown = answer;
      this.#isDoubted = false;
      this.#compare();
      if (this.#pushed && !this.#agreed) this.#disagreed += 1;
    };
  }

  #distrust() {
    this.#agreed = false;
    this.#isDoubted = true;
  }

  /** The page has written: what it is told from now on has to be newer than that. */
  doubt() {
    this.#release?.(this.#pushed); // it was sent before
    this.#heard = this.#sent + 1; // so were those that are on their way
    this.#proofs = 0; // somebody else may have signed in
    this.#distrust();
  }

  /**
   * Takes what push says.
   * @param {News} news
   */
  tell(news) {
    if (news.type === 'changed') return this.#signal(news.etag, news.after_ms);
    const known = this.#pushed;
    this.#signalled = '';
    this.#pushed = pushedAnswer(news, this.#shown);
    if (!this.#agreed || !known || known.headers.get('content-type') !== this.#pushed.headers.get('content-type')) this.#compare();
    if (!this.#agreed || !known || known.etag === news.etag) return;
    this.#agreed = this.#proofs >= enoughProofs;
    this.#release?.(this.#agreed ? this.#pushed : undefined);
  }

  /**
   * Takes a signal: the document has another tag, and is to be asked for after a delay in milliseconds.
   * @param {string} etag
   * @param {number} after
   */
  #signal(etag, after) {
    this.#signalled = etag;
    if (this.#shown?.etag === etag) return this.#compare();
    setTimeout(() => {
      if (this.#signalled !== etag) return;
      this.#compare();
      if (!this.#agreed) this.#release?.(undefined);
    }, after);
  }

  #compare() {
    const shown = this.#isDoubted ? undefined : this.#shown;
    if (this.#signalled) this.#pushed = shown?.etag === this.#signalled ? shown : undefined;
    this.#agreed = this.#pushed !== undefined && shown !== undefined && same(this.#pushed, shown);
    if (!this.#agreed || !shown) return;
    this.#disagreed = 0;
    if (this.#proofs === 0 || this.#proof !== shown.text) this.#proofs += 1;
    this.#proof = shown.text;
  }

  /**
   * There is no subscription any more. Who waits is told what was true until now, or sent to the network to hear why.
   * @param {boolean} isOver upstream, or who runs it, has ended it
   */
  lose(isOver) {
    this.#release?.(isOver ? undefined : this.#pushed);
    this.wanted = 0;
    this.#pushed = undefined;
    this.#signalled = '';
    this.#agreed = false;
  }
}

import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';

/**
 * A program that runs beside the test. When this process dies, even by SIGKILL, the kernel kills the program too.
 */
export class Child {
  /** Everything that it has printed, on both streams. */
  output = '';
  /** How it ended: 'exit 0', 'SIGKILL', or why it could not start. Empty while it runs. */
  #ending = '';
  #news = new EventEmitter();
  #process;

  /**
   * @param {string} file
   * @param {string[]} args
   */
  constructor(file, args) {
    const command = process.platform === 'linux' ? ['setpriv', '--pdeathsig', 'KILL', file] : [file];
    this.#process = spawn(command[0], [...command.slice(1), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process.once('error', (error) => this.#end(error.message));
    this.#process.once('close', (code, signal) => this.#end(signal ?? `exit ${code}`));
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        this.output += text;
        this.#news.emit('news');
      });
    }
  }

  /** @param {string} how */
  #end(how) {
    this.#ending ||= how;
    this.#news.emit('news');
  }

  /** 0 when it could not be started. */
  get pid() {
    return this.#process.pid ?? 0;
  }

  /**
   * Waits until the output matches. It is an error when the program ends before that.
   * @param {RegExp} pattern
   * @param {number} from where in the output to begin
   */
  async printed(pattern, from = 0) {
    for (;;) {
      const match = this.output.slice(from).match(pattern);
      if (match) return match;
      if (this.#ending) throw this.#failure(`before it printed ${pattern}`);
      await once(this.#news, 'news');
    }
  }

  /**
   * Asks it to end, as an operator would. It is an error when it ends in any other way than with 0, or has panicked.
   * @param {NodeJS.Signals} signal
   */
  async stop(signal) {
    this.#process.kill(signal);
    while (!this.#ending) await once(this.#news, 'news');
    if (this.#ending !== 'exit 0' || /^panic:/m.test(this.output)) throw this.#failure(`after ${signal}`);
  }

  /** @param {string} when */
  #failure(when) {
    return new Error(`${this.#process.spawnargs.join(' ')}: ${this.#ending} ${when}\n${this.output}`);
  }
}

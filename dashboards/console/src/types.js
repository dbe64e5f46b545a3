/**
 * What the admin listener says, as far as it is shown. proxy/admin has the same in Go.
 *
 * @typedef {'off' | 'observe' | 'coalesce' | 'push'} Stage
 * @typedef {{stage: Stage, percent: number}} Position
 * @typedef {{seconds: number, polls: number, upstream: number, avoided: number}} Window
 * @typedef {{reduction: number, low: number, high: number, level: number}} Compared
 * @typedef {{guard: string, outcome: 'pass' | 'fail' | 'hold', text: string}} Verdict
 * @typedef {{when: string, who: string, why?: string, fallen?: boolean}} Moved
 *
 * @typedef {Position & {at: string, who: string, why?: string}} Planned
 *
 * @typedef {{name: string, build: string, routes: string, mode: 'together' | 'deaf' | 'alone', heard?: string}} Member
 * @typedef {{name: string, self: Member, others: Member[], up: boolean, why?: string, apart?: string, rifts: string[]}} Fleet
 *
 * @typedef {object} RouteFields
 * @property {string} name
 * @property {string} path
 * @property {string} share
 * @property {number} interval_ms
 * @property {number} holdout
 * @property {Position} configured
 * @property {string} since when it has stood in force where it does
 * @property {Moved} [moved]
 * @property {Planned} [planned]
 * @property {boolean} [killed]
 * @property {number} polls
 * @property {number} upstream
 * @property {number} avoided
 * @property {number} watchers
 * @property {Compared} [reduction_compared]
 * @property {Verdict[]} [guards]
 * @property {{days: number, can_go: string[]}} [retirable]
 * @property {number | null} staleness_p50_s
 * @property {number | null} staleness_p99_s
 * @property {Window} window
 * @typedef {RouteFields & Position} Route
 *
 * @typedef {object} Snapshot
 * @property {string} build
 * @property {string} instance
 * @property {string} name
 * @property {number} uptime_s
 * @property {string} [not_ready]
 * @property {{when: string, who: string, why?: string, by_file?: boolean}} [kill]
 * @property {Fleet} [fleet]
 * @property {Window} total
 * @property {Route[]} routes
 *
 * @typedef {object} Past
 * @property {string} route
 * @property {number[]} ends
 * @property {number[]} seconds
 * @property {Record<string, number[]>} outcomes
 * @property {Record<string, number[]>} calls
 * @property {number[]} avoided
 * @property {number[]} watchers
 * @property {(number | null)[]} staleness_p50_s
 * @property {(number | null)[]} staleness_p99_s
 * @property {{reason: string, polls: number, means: string, do: string}[]} bypasses
 *
 * @typedef {Record<string, {polls: number[], calls: number[]}>} Paces
 *
 * @typedef {{point?: number, low?: number, high?: number, missing?: string}} Estimate
 * @typedef {{stage: Stage, share: string, deliver?: string, reduction: Estimate}} Prediction
 *
 * @typedef {object} Advice
 * @property {string} route
 * @property {boolean} is_new
 * @property {string} [path]
 * @property {string} [example]
 * @property {number} polls
 * @property {boolean} is_polled
 * @property {number} watchers
 * @property {{low: number, median: number, high: number}} pace_ms
 * @property {string} share
 * @property {string} [question]
 * @property {Prediction[] | null} predictions
 * @property {string[] | null} reasons
 * @property {string[] | null} needs
 * @property {string} yaml
 *
 * @typedef {{first: string, last: string, times: number, cause: string, result?: string, status?: number, etag?: string, detail?: string}} DocumentEvent
 * @typedef {{document: string, etag?: string, bytes: number, asked?: string, due?: string, in_flight: boolean, waiters: number, passing?: string,
 *   watched?: boolean, events: DocumentEvent[] | null}} DocumentState
 * @typedef {object} Explanation
 * @property {string} url
 * @property {string} route
 * @property {string} [pattern]
 * @property {Stage} [stage]
 * @property {string} [percent]
 * @property {string} [share]
 * @property {string} decision
 * @property {string} reason
 * @property {{identity: string[], variant: string[]}} [key]
 * @property {DocumentState[]} documents
 * @property {string[]} why
 *
 * @typedef {{when: string, who: string, route?: string, from: string, to: string, why?: string}} AuditEntry
 */

export {};

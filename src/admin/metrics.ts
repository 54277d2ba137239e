import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Census, Monitor } from '../monitor.ts';

export interface MetricsOptions {
  readonly version: string;
  /** What the hub holds now. */
  readonly census: () => Census;
  /** Whether the node can serve now. */
  readonly ready: () => boolean;
}

/** In seconds: from a call in memory to one that Redis holds up until it fails. */
const latencyBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** The metrics of one node, in the names and units of Prometheus. */
export class Metrics implements Monitor {
  readonly #registry = new Registry();
  readonly #operations = this.#histogram(
    'signalbox_operation_duration_seconds',
    'Time that a root field took, by its name and the code of its error (OK: none). For messages: until the stream was open.',
    ['field', 'code'],
  );
  readonly #scripts = this.#histogram(
    'signalbox_redis_script_duration_seconds',
    'Time from sending a script to Redis until its reply, by the name of the script and the code of its error (OK: none).',
    ['script', 'code'],
  );
  readonly #dispatches = this.#histogram(
    'signalbox_dispatch_write_seconds',
    'Time from the arrival of a dispatch from Redis until all that it caused was written, except to clients that do not read.',
    [],
  );
  readonly #cuts = this.#counter(
    'signalbox_streams_cut_total',
    'Streams that were cut so that their clients resume, by reason: backlog, hub, alone, shutdown, age.',
    ['reason'],
  );
  readonly #limited = this.#counter(
    'signalbox_rate_limited_total',
    'Operations refused with RATE_LIMITED, by whose limit it was (peer or address) and what was used up.',
    ['whose', 'cost'],
  );
  readonly #refused = this.#counter(
    'signalbox_refused_total',
    'Requests refused and connections closed for lack of room, by what happened and why. The log has the same texts.',
    ['what', 'reason'],
  );
  readonly #beats = this.#counter(
    'signalbox_beats_total',
    'Beats of this node, by whether Redis took them: ok or failed.',
    ['result'],
  );
  readonly #caughtUp = this.#counter(
    'signalbox_catch_up_streams_total',
    'Streams that got a snapshot because this node had missed dispatches.',
    [],
  );

  constructor({ version, census, ready }: MetricsOptions) {
    collectDefaultMetrics({ register: this.#registry });
    new Gauge({
      name: 'signalbox_build_info',
      help: 'Always 1; the labels tell the version of Signalbox.',
      labelNames: ['version'],
      registers: [this.#registry],
    }).set({ version }, 1);
    this.#gauge('signalbox_ready', 'Whether /ready answers 200: 1 or 0.', () => (ready() ? 1 : 0));
    this.#gauge('signalbox_streams', 'Open streams of this node.', () => census().streams);
    this.#gauge(
      'signalbox_sessions',
      'Sessions with a stream at this node; in memory, also those in their grace period.',
      () => census().sessions,
    );
    this.#gauge(
      'signalbox_rooms',
      'Rooms with a member whose stream is at this node; in memory, all rooms.',
      () => census().rooms,
    );
    this.#gauge(
      'signalbox_backlog_bytes',
      'Memory of all that waits for clients of this node to read it.',
      () => census().backlogBytes,
    );
  }

  #histogram(name: string, help: string, labelNames: readonly string[]): Histogram<string> {
    const registers = [this.#registry];
    return new Histogram({ name, help, labelNames, buckets: latencyBuckets, registers });
  }

  #counter(name: string, help: string, labelNames: readonly string[]): Counter<string> {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  /** `value` is read whenever the metrics are. */
  #gauge(name: string, help: string, value: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(value());
      },
    });
  }

  /** The media type of the text. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All metrics in the text format of Prometheus. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  operation(field: string, code: string, seconds: number): void {
    this.#operations.observe({ field, code }, seconds);
  }

  script(script: string, code: string, seconds: number): void {
    this.#scripts.observe({ script, code }, seconds);
  }

  dispatched(seconds: number): void {
    this.#dispatches.observe(seconds);
  }

  cut(reason: string): void {
    this.#cuts.inc({ reason });
  }

  limited(whose: 'peer' | 'address', cost: string): void {
    this.#limited.inc({ whose, cost });
  }

  refused(what: string, reason: string): void {
    this.#refused.inc({ what, reason });
  }

  beat(taken: boolean): void {
    this.#beats.inc({ result: taken ? 'ok' : 'failed' });
  }

  caughtUp(streams: number): void {
    this.#caughtUp.inc(streams);
  }
}

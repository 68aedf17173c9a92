import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { GroupMember, type TopicLog } from '@weir/connectors';
import { toWeirError, WeirError, type Definition, type KafkaSource } from '@weir/core';
import type { Lake } from '@weir/lake';
import { activeSpanContext, setLag, type Logger } from '@weir/platform';
import type { Clients, ConsumeRequest, ConsumeResponse, DefinitionReader, StreamContext } from '@weir/rpc';
import type { Kafka } from 'kafkajs';
import { BatchTrace } from './batch-trace';
import { Chain } from './chain';
import { Gatherer, LARGEST_BATCH } from './gatherer';
import { memberPositions } from './member-positions';
import { Meter } from './meter';
import { RollingBreaker } from './rolling-breaker';
import { linkOf, type BatchOutcome } from './stages';

/** Between the starts of two micro-batches, unless much waits: what comes within it shares the cost of the stages' calls. */
const PACE_MS = 20;
const MUCH_RECORDS = 1_000;
const REPORT_MS = 800;
/** For what is on its way when the member stops, and when its partitions are given out anew: a commit that comes later is still right, or refused. */
const DRAIN_MS = 10_000;
const HANDOVER_MS = 5_000;
/** Smallest bound that a micro-batch which came out too large is cut to. */
const LEAST_RECORDS = 1;

/** What consuming takes. */
export interface ConsumeDependencies {
  readonly lake: Lake;
  readonly definition: DefinitionReader;
  readonly clients: Pick<Clients, 'quality' | 'transform' | 'load'>;
  /** The Kafka of a connection, and one of its topics. Throw UNKNOWN_CONNECTION. */
  readonly kafka: (connection: string) => Kafka;
  readonly topicLog: (connection: string, topic: string) => TopicLog;
  readonly log: Logger;
}

export interface ConsumeCall {
  readonly signal: AbortSignal;
  readonly send: (response: ConsumeResponse) => Promise<void>;
}

/**
 * Is one member of a stream's consumer group until the call is cancelled: then it takes no more, lets what is on its way commit, and leaves.
 * Throws QUARANTINE_LIMIT when the breaker trips, POSITION_LOST, and what a stage throws that does not pass by itself; nothing is lost then: the next member goes on from the committed positions.
 */
export async function consume(deps: ConsumeDependencies, request: ConsumeRequest, { signal, send }: ConsumeCall): Promise<void> {
  const { context } = request;
  if (!context) throw new WeirError({ code: 'INVALID_VALUE', message: 'The request has no context.' });
  const definition = await deps.definition(context.pipeline, context.definitionVersion, signal);
  const { source } = definition;
  if (definition.mode !== 'realtime' || source.type !== 'kafka') throw new WeirError({ code: 'INVALID_VALUE', message: `${context.pipeline} is not a pipeline of mode realtime.` });
  const log = deps.topicLog(source.connection, source.topic);
  try {
    await new Consumption(deps, { request, context, definition, source, log }, signal, send).run();
  } finally {
    await log.close();
  }
}

interface Subject {
  readonly request: ConsumeRequest;
  readonly context: StreamContext;
  readonly definition: Definition;
  readonly source: KafkaSource;
  readonly log: TopicLog;
}

/** One member at work. */
class Consumption {
  private readonly gatherer: Gatherer;
  private readonly meter = new Meter();
  private readonly breaker: RollingBreaker;
  private readonly trace: BatchTrace;
  private readonly member: GroupMember;
  /** Offset after the newest record of each partition, and after the newest committed one. */
  private readonly ends = new Map<number, number>();
  private readonly committed = new Map<number, number>();
  private readonly ending = new AbortController();
  private chain = new Chain(3);
  private cluster = '';
  private state = 'joining';
  private most: number = LARGEST_BATCH.records;
  private failure: WeirError | undefined;

  constructor(
    private readonly deps: ConsumeDependencies,
    private readonly subject: Subject,
    private readonly cancelled: AbortSignal,
    private readonly send: (response: ConsumeResponse) => Promise<void>,
  ) {
    const { definition, source, context } = subject;
    this.gatherer = new Gatherer(definition.grain ?? '');
    this.breaker = new RollingBreaker(definition.policy.failAbove);
    this.trace = new BatchTrace(source.topic, activeSpanContext());
    this.member = new GroupMember({
      kafka: deps.kafka(source.connection),
      groupId: `weir-${context.pipeline}`,
      topic: source.topic,
      position: (partitions) => this.position(partitions),
      revoked: () => this.revoked(),
      deliver: (delivery) => {
        this.ends.set(delivery.partition, delivery.end);
        return this.gatherer.add(delivery);
      },
      log: deps.log,
    });
  }

  async run(): Promise<void> {
    const stop = (): void => this.ending.abort();
    if (this.cancelled.aborted) return;
    this.cancelled.addEventListener('abort', stop, { once: true });
    const leaving = new AbortController();
    const reporting = this.report();
    try {
      this.cluster = await this.subject.log.cluster();
      const member = this.member.run(leaving.signal).catch((error: unknown) => this.fail(error)).finally(stop);
      await this.pump();
      this.state = 'draining';
      await this.chain.drained(DRAIN_MS);
      this.chain.end(new WeirError({ code: 'CANCELLED', message: 'The member stopped.' }));
      leaving.abort();
      await member;
    } finally {
      this.ending.abort();
      this.cancelled.removeEventListener('abort', stop);
      await reporting;
    }
    if (this.failure) throw this.failure;
  }

  /** Starts micro-batches as long as the member is at work. */
  private async pump(): Promise<void> {
    let started = 0;
    while (!this.ending.signal.aborted) {
      await this.gatherer.ready(this.ending.signal);
      const wait = this.gatherer.waiting >= MUCH_RECORDS ? 0 : started + PACE_MS - performance.now();
      if (wait > 0) await pause(wait, undefined, { signal: this.ending.signal }).catch(() => undefined);
      await this.chain.room();
      const { chain } = this;
      if (this.ending.signal.aborted) return;
      const gathered = chain.signal.aborted ? undefined : this.gatherer.take(this.most);
      if (!gathered) {
        // The chain was replaced meanwhile, or its partitions went.
        await pause(1);
        continue;
      }
      started = performance.now();
      const context = { ...this.subject.context, commitId: randomUUID() };
      chain.start(linkOf({ ...this.deps, ...this.subject, context, cluster: this.cluster, trace: this.trace, signal: chain.signal }, gathered, (outcome) => this.loaded(outcome)));
    }
  }

  private loaded({ gathered, accounts, refused, samples }: BatchOutcome): void {
    this.meter.loaded(accounts, refused, gathered);
    const next = new Map(gathered.ranges.map(({ partition, to }) => [partition, to]));
    for (const [partition, offset] of next) this.committed.set(partition, offset);
    this.member.passed(next);
    this.most = Math.min(LARGEST_BATCH.records, this.most * 2);
    const tripped = this.breaker.count({ read: accounts.read, quarantined: accounts.quarantined, refused }, samples);
    if (tripped) this.fail(tripped);
  }

  /** What is on its way may still commit: then its positions are those that are read here. */
  private async position(partitions: readonly number[]): Promise<ReadonlyMap<number, number>> {
    this.chain.end(new WeirError({ code: 'CANCELLED', message: 'The partitions were given out anew.' }));
    await this.chain.drained(HANDOVER_MS);
    const keeper = { load: this.deps.clients.load, log: this.subject.log, source: this.subject.source, context: this.subject.context, signal: this.ending.signal, skipLost: this.subject.request.skipLost, commitId: randomUUID };
    const positions = await patiently(() => memberPositions(keeper, partitions), this.ending.signal);
    this.gatherer.clear();
    this.committed.clear();
    this.chain = this.nextChain();
    for (const [partition, { next, greatestTimestamp, end }] of positions) {
      this.gatherer.position(partition, next, greatestTimestamp);
      this.committed.set(partition, next);
      this.ends.set(partition, end);
    }
    this.state = 'consuming';
    return new Map([...positions].map(([partition, { next }]) => [partition, next]));
  }

  private nextChain(): Chain {
    const chain = new Chain(3);
    chain.signal.addEventListener('abort', () => this.broken(chain), { once: true });
    return chain;
  }

  /** A micro-batch that another member had, or that came out too large, is taken again from where the destination stands; every other error ends the member. */
  private broken(chain: Chain): void {
    if (chain !== this.chain || this.ending.signal.aborted) return;
    const error = toWeirError(chain.signal.reason);
    if (error.code === 'CANCELLED') return;
    if (error.code === 'BATCH_TOO_LARGE' && this.most > LEAST_RECORDS) this.most = Math.max(LEAST_RECORDS, Math.floor(Math.min(this.most, LARGEST_BATCH.records) / 4));
    else if (error.code !== 'POSITION_MOVED') return this.fail(error);
    this.deps.log.warn({ pipeline: this.subject.context.pipeline, code: error.code }, 'The micro-batches on their way are taken again.');
    this.member.restart();
  }

  private revoked(): void {
    if (this.state === 'consuming') this.meter.rebalanced();
    this.state = this.ending.signal.aborted ? 'draining' : 'joining';
    this.gatherer.clear();
    this.ends.clear();
  }

  private fail(error: unknown): void {
    this.failure ??= toWeirError(error);
    this.ending.abort();
  }

  private async report(): Promise<void> {
    while (!this.ending.signal.aborted) {
      const { pipeline } = this.subject.context;
      let lag = 0;
      for (const [partition, end] of this.ends) {
        const behind = Math.max(0, end - (this.committed.get(partition) ?? end));
        lag += behind;
        setLag({ pipeline, topic: this.subject.source.topic, partition }, behind);
      }
      await this.send(this.meter.view(this.state, this.member.partitions(), lag));
      await pause(REPORT_MS, undefined, { signal: this.ending.signal }).catch(() => undefined);
    }
  }
}

const PAUSE_MS = 1_000;

/** Repeats a question until it is answered or refused for good. */
async function patiently<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (toWeirError(error).retry === 'never' || signal.aborted) throw error;
      await pause(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

import { createHash } from 'node:crypto';
import { WeirError, type ApiConnectionSettings, type ApiSource } from '@weir/core';
import type { RawPart } from '../raw-part';
import { ApiClient } from './client';
import { API_LIMITS, type ApiOptions } from './config';
import type { HttpAnswer } from './http-exchange';
import { nextLink } from './link-header';
import { nextTarget } from './next-target';
import { outlinePage } from './page-outline';
import { FIRST_PAGE, PageWalk, type MetPage, type PagePosition, type PageSize } from './page-position';
import { nameOf, targetOf, type ApiSlice } from './page-target';

/** A page of one partition, as it came. */
export interface ApiPage extends RawPart {
  /** From 1. */
  readonly number: number;
  readonly records: number;
  /** Where the next page is; undefined after the last one. */
  readonly next: PagePosition | undefined;
}

/** What the answer for one page has. */
export interface ReadPage extends MetPage {
  readonly body: Buffer;
}

/** Where the end of pages is only verified, these say that there are no more. */
const BEHIND_THE_END = [400, 404, 410, 416, 422];

/**
 * Reads an API page by page. One page is in memory at a time, and nothing of it is changed: bodies are given as they were received, inflated. Requests follow each other; they are made again after what passes.
 * Throws SOURCE_REFUSED, UNAVAILABLE when an API does not answer for long, INVALID_VALUE for more pages than a partition may have, SECRET_MISSING, EGRESS_DENIED, CANCELLED.
 */
export class ApiReader {
  private readonly client: ApiClient;
  private readonly size: PageSize = { state: 'unknown' };
  private readonly mostPages: number;

  constructor(
    private readonly source: ApiSource,
    private readonly connection: ApiConnectionSettings,
    options: ApiOptions,
  ) {
    this.client = new ApiClient(connection, options);
    this.mostPages = { ...API_LIMITS, ...options.limits }.pages;
  }

  /** The pages of a partition in their order, from the first one or from where an earlier reading came to. A page has to be read before the next one is asked for. */
  async *pages(slice: ApiSlice, from: PagePosition = FIRST_PAGE): AsyncGenerator<ApiPage> {
    const walk = new PageWalk(this.source.pages, this.size);
    for (let position: PagePosition | undefined = from; position; ) {
      this.assertBound(slice, position);
      const page = await this.read(slice, position);
      if (walk.isOver(position, page) || !page) return;
      const { number } = position;
      const next = walk.after(position, page);
      yield { name: nameOf(this.source, slice, position), partition: slice.partition, number, records: page.records, next, bytes: only(page.body) };
      position = next;
    }
  }

  /** One page; undefined where there is nothing to keep: an answer without content, or with null in place of records. */
  async read(slice: ApiSlice, position: PagePosition): Promise<ReadPage | undefined> {
    const target = targetOf(this.source, this.connection, slice, position);
    const absent = position.verifies === undefined ? [] : BEHIND_THE_END;
    return this.client.page({ target, name: nameOf(this.source, slice, position), read: (answer) => this.outline(answer, target), absent });
  }

  close(): void {
    this.client.close();
  }

  private outline({ body, headers }: HttpAnswer, target: string): ReadPage | undefined {
    const { pages } = this.source;
    const { records, next } = outlinePage(body, this.source);
    if (records === undefined) return undefined;
    const link = pages.by !== 'link' ? undefined : pages.next === undefined ? nextLink(headers.link) : next;
    return { body, records, next: link === undefined ? next : nextTarget(link, this.connection, target), sha256: createHash('sha256').update(body).digest('hex') };
  }

  private assertBound(slice: ApiSlice, { number }: PagePosition): void {
    if (number <= this.mostPages) return;
    throw new WeirError({ code: 'INVALID_VALUE', message: `${this.source.path} has more than ${this.mostPages} pages for ${slice.partition}.`, place: `${this.connection.host}:${this.connection.port}`, fix: 'Ask for larger pages with `source.pages.size`, or read smaller grains.' });
  }
}

async function* only(body: Buffer): AsyncGenerator<Buffer> {
  yield body;
}

import { createHash } from 'node:crypto';
import { WeirError, type ApiPages } from '@weir/core';

/** Where a page of a partition is. */
export interface PagePosition {
  /** From 1. */
  readonly number: number;
  /** Records of the pages before it. */
  readonly offset: number;
  /** What the page before says of it, where pages are by cursor or by link: a cursor, or path and query. */
  readonly next?: string | undefined;
  /** The page before, by the hash of its bytes, was shorter than the source says that pages are: this one is asked for to see whether it was the last. */
  readonly verifies?: string | undefined;
}

/** What a page was found to be. */
export interface MetPage {
  readonly records: number;
  /** The cursor of the next page, or its path and query. */
  readonly next: string | undefined;
  readonly sha256: string;
}

export const FIRST_PAGE: PagePosition = { number: 1, offset: 0 };

/**
 * Whether pages are as long as the source says. Where an API gives fewer records than it is asked for, every page is a short one, and the first of them would be taken for the last: so the first short page of a run is
 * followed by one request more.
 */
export interface PageSize {
  state: 'unknown' | 'holds' | 'differs';
}

/** Goes from page to page of one partition, and sees where they end. */
export class PageWalk {
  /** Of cursors and links: where they lead again, there is no end. */
  private readonly seen = new Set<string>();

  constructor(
    private readonly pages: ApiPages,
    private readonly size: PageSize,
  ) {}

  /** Where the page after this one is; undefined where it was the last. Throws SOURCE_REFUSED for a page that leads to one that was read before. */
  after(position: PagePosition, page: MetPage): PagePosition | undefined {
    const { number, offset } = position;
    const forward = { number: number + 1, offset: offset + page.records };
    if (this.pages.by === 'none') return undefined;
    if (this.pages.by === 'cursor' || this.pages.by === 'link') return this.led(position, page, forward);
    return this.counted(page, forward);
  }

  /** Whether there is nothing more: no page, or one that only shows that the page before was the last, because it is empty, or that page again, as APIs send that know none behind the last. */
  isOver({ verifies }: PagePosition, page: MetPage | undefined): boolean {
    if (verifies === undefined) return page === undefined;
    const over = !page || page.records === 0 || page.sha256 === verifies;
    this.size.state = over ? 'holds' : 'differs';
    return over;
  }

  private led(position: PagePosition, { records, next }: MetPage, forward: PagePosition): PagePosition | undefined {
    if (next === undefined) return undefined;
    // Some APIs give the place of the last record as the cursor, also when there is nothing behind it.
    if (records === 0 && next === position.next) return undefined;
    if (position.next !== undefined) this.seen.add(fingerprint(position.next));
    if (!this.seen.has(fingerprint(next))) return { ...forward, next };
    throw new WeirError({ code: 'SOURCE_REFUSED', message: `Page ${position.number} leads to a page that was read before: its ${this.pages.by} is not new.`, fix: this.pages.by === 'cursor' ? 'Correct `source.pages`: `next` must name the cursor of the next page, and `parameter` take it.' : 'Have the API end its links at the last page.' });
  }

  private counted({ records, sha256 }: MetPage, forward: PagePosition): PagePosition | undefined {
    const wanted = 'size' in this.pages ? this.pages.size : undefined;
    if (records === 0) return undefined;
    if (wanted === undefined || records >= wanted || this.size.state === 'differs') return forward;
    return this.size.state === 'holds' ? undefined : { ...forward, verifies: sha256 };
  }
}

function fingerprint(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}

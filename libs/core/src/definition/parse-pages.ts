import type { Report } from '../yaml/report';
import type { ApiPages } from './source';

/** `source.pages` as the schema leaves it. */
export interface ApiPagesYaml {
  by: ApiPages['by'];
  parameter?: string;
  first?: number;
  size?: number;
  sizeParameter?: string;
  next?: string;
}

const KEYS: Readonly<Record<ApiPages['by'], { readonly all: readonly (keyof ApiPagesYaml)[]; readonly required: readonly (keyof ApiPagesYaml)[] }>> = {
  none: { all: ['by'], required: [] },
  link: { all: ['by', 'next'], required: [] },
  page: { all: ['by', 'parameter', 'first', 'size', 'sizeParameter'], required: ['parameter'] },
  offset: { all: ['by', 'parameter', 'first', 'size', 'sizeParameter'], required: ['parameter'] },
  cursor: { all: ['by', 'parameter', 'next', 'size', 'sizeParameter'], required: ['parameter', 'next'] },
};

/** The pages with their defaults; an API that says nothing has one. */
export function resolvePages(pages: ApiPagesYaml = { by: 'none' }): ApiPages {
  const { by, parameter = '', next, size, sizeParameter } = pages;
  if (by === 'none') return { by };
  if (by === 'link') return { by, ...(next === undefined ? {} : { next }) };
  const sized = { ...(size === undefined ? {} : { size }), ...(sizeParameter === undefined ? {} : { sizeParameter }) };
  if (by === 'cursor') return { by, parameter, next: next ?? '', ...sized };
  return { by, parameter, first: pages.first ?? (by === 'page' ? 1 : 0), ...sized };
}

/** What a JSON Schema cannot say about pages. */
export function checkPages(pages: ApiPagesYaml | undefined, report: Report): void {
  if (!pages) return;
  const { all, required } = KEYS[pages.by];
  for (const key of required) if (pages[key] === undefined) report.add('MISSING_KEY', ['source', 'pages'], `\`${key}\` is missing from pages by \`${pages.by}\`.`, `Add \`${key}\`.`);
  for (const key of Object.keys(pages) as (keyof ApiPagesYaml)[]) if (!all.includes(key)) report.add('UNKNOWN_KEY', ['source', 'pages', key], `\`${key}\` is not a key of pages by \`${pages.by}\`.`, 'Remove it, or change `by`.');
  if (pages.sizeParameter !== undefined && pages.size === undefined) report.add('MISSING_KEY', ['source', 'pages'], '`sizeParameter` asks for no size.', 'Add `size`.');
}

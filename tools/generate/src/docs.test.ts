import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ALIASES, ERRORS, PRIMITIVES } from '@weir/core';
import { driftedDocs, generatedDocs, writeDocs } from './docs';

const ROOT = resolve(__dirname, '../../..');

describe('generated documents', () => {
  test('are what the code says now; `npm run generate -w @weir/generate` writes them', () => {
    expect(driftedDocs(ROOT)).toEqual([]);
  });

  test('have a heading for every error code', () => {
    const headings = (generatedDocs().get('docs/errors.md') ?? '').split('\n').filter((line) => line.startsWith('## '));
    expect(headings).toEqual(Object.keys(ERRORS).map((code) => `## ${code}`));
  });

  test('have a row for every kind of check and for every name of another vocabulary', () => {
    const rows = (generatedDocs().get('docs/checks.md') ?? '').split('\n').flatMap((line) => /^\| `([A-Za-z_]+)` \|/.exec(line)?.[1] ?? []);
    expect(rows).toEqual([...Object.keys(PRIMITIVES), ...ALIASES.map(({ name }) => name)]);
  });

  test('describe every key of a pipeline for editors, with its default', () => {
    const schema = JSON.parse(generatedDocs().get('docs/schema/pipeline.schema.json') ?? '{}') as { properties: Record<string, { description?: string; default?: unknown }> };
    const undescribed = Object.entries(schema.properties).filter(([, property]) => !property.description);
    expect(undescribed).toEqual([]);
    expect([schema.properties['retries']?.default, schema.properties['retryDelay']?.default, schema.properties['executionTimeout']?.default]).toEqual([2, '5m', '1h']);
  });

  test('describe every key of a test file', () => {
    const { properties } = JSON.parse(generatedDocs().get('docs/schema/tests.schema.json') ?? '{}') as { properties: { tests: { items: { properties: Record<string, { description?: string }> } } } };
    expect(Object.entries(properties.tests.items.properties).filter(([, property]) => !property.description)).toEqual([]);
  });

  test('are noticed when they are missing or stale, and mended', () => {
    const folder = mkdtempSync(join(tmpdir(), 'weir-docs-'));
    try {
      expect(writeDocs(folder)).toEqual(['docs/checks.md', 'docs/errors.md', 'docs/schema/connections.schema.json', 'docs/schema/contract.schema.json', 'docs/schema/pipeline.schema.json', 'docs/schema/tests.schema.json']);
      expect(driftedDocs(folder)).toEqual([]);
      writeFileSync(join(folder, 'docs/errors.md'), 'old');
      expect(writeDocs(folder)).toEqual(['docs/errors.md']);
      expect(readFileSync(join(folder, 'docs/errors.md'), 'utf8')).toContain('## UNKNOWN_KEY');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

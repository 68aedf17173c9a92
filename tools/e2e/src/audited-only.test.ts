import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { withEngine } from '@weir/engine';
import { tempDir, until } from '@weir/testkit';
import { weir } from './command-line';
import { useHouse } from './house';

const DAY = { start: '2026-02-01', end: '2026-02-02' };
const NEXT = { start: '2026-02-02', end: '2026-02-03' };
const ROWS = 2_000;
const POLL_MS = 100;

/** Every row of both days says which build of the source it is from; builds that end in 3 do not pass what `validate` checks, those that end in 7 not what `audit` checks. */
const BUILDS = [1, 3, 2, 7, 4, 13, 5];
const refusedAt = (build: number): 'validate' | 'audit' | undefined => (build % 10 === 3 ? 'validate' : build % 10 === 7 ? 'audit' : undefined);

function writePipeline(scratch: string, name: string): void {
  const folder = join(scratch, name);
  for (const path of ['models/silver', 'data']) mkdirSync(join(folder, path), { recursive: true });
  const write = (path: string, text: string): void => writeFileSync(join(folder, path), text);
  write(
    'pipeline.yaml',
    `name: ${name}
grain: 1d
source: { dataset: facts, type: file, path: "${folder}/data/{date}.csv" }
models:
  fact: { key: [id] }
destinations:
  - { connection: warehouse, schema: ${name} }
`,
  );
  write('models/silver/fact.sql', 'select id, day, build from bronze.facts\n');
  const check = (digit: number): string => `      - { name: no_build_${digit}, type: sql, query: "select count(*) from \${object} where build % 10 = ${digit}", mustBe: 0, severity: error }\n`;
  write(
    'contract.odcs.yaml',
    `apiVersion: v3.1.0
kind: DataContract
id: ${name}
version: 1.0.0
status: active
schema:
  - name: facts
    quality:
${check(3)}    properties:
      - { name: id, logicalType: string, required: true, primaryKey: true, primaryKeyPosition: 1 }
      - { name: day, logicalType: date, required: true }
      - { name: build, logicalType: integer, required: true }
  - name: fact
    quality:
${check(7)}`,
  );
}

function writeBuild(scratch: string, name: string, build: number): void {
  for (const { start } of [DAY, NEXT]) {
    const lines = Array.from({ length: ROWS }, (_, n) => `${start}-${n},${start},${build}`);
    writeFileSync(join(scratch, name, 'data', `${start}.csv`), `${['id,day,build', ...lines].join('\n')}\n`);
  }
}

/** What a reader saw at once: each build with its rows. */
type Seen = readonly { readonly build: number; readonly rows: number }[];

describe('readers while runs pass and fail', () => {
  const house = useHouse();
  const name = 'audited_only';

  async function inDestination(): Promise<Seen> {
    return (await house.platform.warehouse.query<Seen[number]>(`select build::int, count(*)::int as rows from ${name}.fact group by build`)).rows;
  }

  /** The files of the newest snapshot, read by an engine of the reader's own. */
  async function inCatalog(): Promise<Seen> {
    const files: string[] = [];
    for await (const { segments } of house.platform.clients.catalog.getSnapshot({ pipeline: name, snapshot: 0, datasets: ['silver.fact'] })) files.push(...segments.map(({ path }) => join(house.platform.state.lake, path)));
    if (files.length === 0) return [];
    const staging = await tempDir();
    try {
      return await withEngine({ inputs: files, staging: staging.path, memoryLimit: '256MB', threads: 1 }, (engine) => engine.rows<{ build: number; rows: number }>(`select build, count(*) as rows from read_parquet([${files.map((file) => `'${file}'`).join(', ')}]) group by build`));
    } finally {
      await staging.dispose();
    }
  }

  test('see builds that were audited, each whole, and none go backwards, in the destination and in the catalog', async () => {
    const { home } = house.platform.state;
    writePipeline(house.scratch, name);
    writeBuild(house.scratch, name, BUILDS[0] ?? 1);
    expect(await weir(['apply', join(house.scratch, name)], home)).toMatchObject({ code: 0, stderr: '' });
    const both = `${DAY.start}/${NEXT.end}`;
    expect(await weir(['run', name, '--interval', both], home)).toMatchObject({ code: 0 });

    const seen = { destination: [] as Seen[], catalog: [] as Seen[] };
    const done = new AbortController();
    const reader = async (look: () => Promise<void>): Promise<void> => {
      while (!done.signal.aborted) await Promise.all([look(), pause(POLL_MS)]);
    };
    const readers = [reader(async () => void seen.destination.push(await inDestination())), reader(async () => void seen.catalog.push(await inCatalog()))];
    try {
      for (const build of BUILDS.slice(1)) {
        writeBuild(house.scratch, name, build);
        const { code, stdout } = await weir(['run', name, '--interval', both], home);
        expect({ build, code, at: /CHECK_FAILED in (\w+)/.exec(stdout)?.[1] }).toEqual({ build, code: refusedAt(build) ? 1 : 0, at: refusedAt(build) });
      }
      await until(() => [seen.destination.at(-1), seen.catalog.at(-1)].every((look) => look?.[0]?.build === BUILDS.at(-1)), { timeoutMs: 10_000, what: 'The last build in both' });
    } finally {
      done.abort();
      await Promise.all(readers);
    }

    const audited = BUILDS.filter((build) => refusedAt(build) === undefined);
    for (const looks of [seen.destination, seen.catalog]) {
      expect(looks.length).toBeGreaterThan(30);
      // Each look shows one build, and all of it.
      expect(looks.filter((look) => look.length !== 1 || look[0]?.rows !== 2 * ROWS)).toEqual([]);
      const order = looks.map((look) => look[0]?.build ?? 0).filter((build, at, all) => build !== all[at - 1]);
      expect(order).toEqual(audited);
    }
  });
});

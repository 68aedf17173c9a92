import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WorkflowFailedError } from '@temporalio/client';
import { until } from '@weir/testkit';
import { weir } from './command-line';
import { useHouse, type House } from './house';

interface Progress {
  readonly stages: readonly { readonly stage: string; readonly state: string }[];
}

/** A pipeline that takes new files, and the rows that an observer expects of it: `file version n`. */
class NewFiles {
  readonly input: string;
  readonly folder: string;

  constructor(
    private readonly house: House,
    readonly name: string,
  ) {
    this.input = join(house.scratch, `${name}-in`);
    this.folder = join(house.scratch, name);
  }

  async apply(): Promise<void> {
    mkdirSync(join(this.folder, 'models/silver'), { recursive: true });
    mkdirSync(this.input);
    const yaml = [`name: ${this.name}`, 'grain: 1d', `source: { dataset: items, type: file, path: "${this.input}/**/*.csv", track: new }`, 'destinations:', `  - { connection: warehouse, schema: ${this.name} }`];
    writeFileSync(join(this.folder, 'pipeline.yaml'), `${yaml.join('\n')}\n`);
    writeFileSync(join(this.folder, 'models/silver/item.sql'), 'select file, version, n from bronze.items\n');
    const contract = ['apiVersion: v3.1.0', 'kind: DataContract', `id: ${this.name}`, 'version: 1.0.0', 'status: active', 'schema:', '  - name: items', '    properties:'];
    const columns = ['file', 'version', 'n'].map((name) => `      - { name: ${name}, logicalType: ${name === 'file' ? 'string' : 'integer'}, required: true }`);
    writeFileSync(join(this.folder, 'contract.odcs.yaml'), `${[...contract, ...columns].join('\n')}\n`);
    const end = await weir(['apply', this.folder, '--json'], this.house.platform.state.home);
    if (end.code !== 0) throw new Error(`weir apply ended with ${end.code}:\n${end.stdout}${end.stderr}`);
  }

  /** Writes a file as it was an hour ago; gives its rows. */
  write(file: string, version: number, rows = 3): string[] {
    const path = join(this.input, file);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, `file,version,n\n${Array.from({ length: rows }, (_, n) => `${file},${version},${n}\n`).join('')}`);
    utimesSync(path, Date.now() / 1_000 - 3_600, Date.now() / 1_000 - 3_600);
    return Array.from({ length: rows }, (_, n) => `${file} ${version} ${n}`);
  }

  async rows(): Promise<string[]> {
    const { rows } = await this.house.platform.warehouse.query<{ row: string }>(`select file || ' ' || version || ' ' || n as row from "${this.name}".item`);
    return rows.map(({ row }) => row).sort();
  }
}

const day = (n: number) => ({ start: `2026-01-0${n}`, end: `2026-01-0${n + 1}` });

describe('a source whose new files each interval takes', () => {
  const house = useHouse();
  afterEach(() => house.platform.healthy());

  const json = async (...args: string[]): Promise<unknown> => JSON.parse((await weir([...args, '--json'], house.platform.state.home)).stdout);

  test('has every version of every file once, whatever is killed on the way, and the same interval has the same again', async () => {
    const files = new NewFiles(house, 'new_files');
    await files.apply();
    const expected = [...files.write('a.csv', 1), ...files.write('x/b.csv', 1)];
    await house.platform.run(files.name, day(1));
    expect(await files.rows()).toEqual(expected.toSorted());

    // A file that changed is a version of its own; two thousand more keep the extract busy until it is killed.
    expected.push(...files.write('a.csv', 2));
    for (let n = 0; n < 2_000; n += 1) expected.push(...files.write(`many/${n}.csv`, 1, 1));
    const run = await house.platform.start(files.name, day(2));
    await reaches(run, 'extract');
    house.platform.kill('ingest');
    await reaches(run, 'validate');
    house.platform.kill('metadata');
    await run.result();
    expect(await files.rows()).toEqual(expected.toSorted());

    // Again: the first interval has what it had, and nothing is new for the third.
    rmSync(join(files.input, 'many'), { recursive: true });
    const again = house.platform.run(files.name, day(1));
    await expect(again).rejects.toThrow(WorkflowFailedError);
    expect((await weir(['run', files.name, '--interval', '2026-01-01/2026-01-02', '--from', 'raw'], house.platform.state.home)).code).toBe(0);
    const third = await house.platform.run(files.name, day(3));
    expect(third.accounts).toEqual({ read: 0, admitted: 0, duplicate: 0, quarantined: 0, filtered: 0 });
    expect(await files.rows()).toEqual(expected.toSorted());
    expect(await json('datasets', 'list', files.name)).toMatchObject({ position: { source: 'files', to: '2003', words: expect.stringMatching(/^2003 files, the newest /) } });
    expect(await json('runs', 'show', third.runId)).toMatchObject({ stages: expect.arrayContaining([expect.objectContaining({ stage: 'extract', take: expect.objectContaining({ from: '2003', to: '2003', more: false }) })]) });
  });

  test('goes forwards only: what was passed by cannot be run, and a plan says so; two runs at once do not take the same', async () => {
    const files = new NewFiles(house, 'new_files_order');
    await files.apply();
    const expected = files.write('a.csv', 1);
    const runs = await Promise.all([2, 3].map((n) => house.platform.start(files.name, day(n))));
    const ends = await Promise.allSettled(runs.map((run) => run.result()));
    const codes = ends.flatMap((end) => (end.status === 'rejected' ? [codeOf(end.reason)] : []));
    // Whichever began first; the other was in its way, or came behind it, and then there was nothing new.
    expect(codes.every((code) => code === 'INTERVAL_BUSY' || code === 'NOT_ADDRESSABLE')).toBe(true);
    expect(await files.rows()).toEqual(expected.toSorted());
    await house.platform.run(files.name, day(7));
    await expect(house.platform.run(files.name, day(5)).catch(codeOf)).resolves.toBe('NOT_ADDRESSABLE');
    const shown = await json('backfills', 'plan', files.name, '--interval', '2026-01-05/2026-01-09');
    expect(shown).toMatchObject({ counts: { missing: 1, not_addressable: 2, done: 1 }, selected: 1 });
    const backfill = await weir(['backfills', 'start', files.name, '--interval', '2026-01-05/2026-01-09', '--watch'], house.platform.state.home);
    expect([backfill.code, backfill.stderr]).toEqual([0, '']);
    expect(await files.rows()).toEqual(expected.toSorted());
  });
});

async function reaches(run: { query<T>(name: string): Promise<T> }, stage: string): Promise<void> {
  await until(async () => (await run.query<Progress>('progress')).stages.some((one) => one.stage === stage && one.state === 'running'), { timeoutMs: 90_000, what: `A run in ${stage}` });
}

function codeOf(error: unknown): string {
  const { cause } = error as WorkflowFailedError;
  return (cause as { readonly type?: string } | undefined)?.type ?? String(error);
}

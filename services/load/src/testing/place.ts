import { randomUUID } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Definition, Destination, ExportLayout, Model, S3ConnectionSettings } from '@weir/core';
import { Egress, Secret } from '@weir/platform';
import { FaultProxy, HttpFaultProxy, tempDir, testBucket } from '@weir/testkit';
import { exportsIn, type OpenExport } from '../exports';
import type { LoadDependencies } from '../load-destination';
import { readExport, type FoundTable } from './read-export';
import type { TestDataset } from './test-dataset';
import { definitionOf, destinationAt, TestLoad, type Warehouse } from './warehouse';

/** A place that pipelines are delivered to, of its own for a test. */
export interface TestPlace {
  readonly destination: Destination;
  /** Loads as a process of the service would; over a line that loses answers where `lossy`. */
  load(datasets: readonly TestDataset[], options?: { readonly lossy?: boolean; readonly overrides?: Partial<LoadDependencies> }): TestLoad;
  /** All tables at one look; undefined where there are none. */
  look(models: readonly Model[]): Promise<ReadonlyMap<string, FoundTable> | undefined>;
  /** Tells whether anything was written between two looks. */
  trace(models: readonly Model[]): Promise<string>;
}

/** A kind of destination, over real servers. */
export interface PlaceKind {
  place(): TestPlace;
  /** The answer to the next commit is lost. */
  loseReply(): void;
  lostReplies(): number;
  dispose(): Promise<void>;
}

/** Postgres, where a place is a schema. */
export async function postgresPlaces(warehouse: Warehouse): Promise<PlaceKind> {
  const proxy = await FaultProxy.start(warehouse.config);
  const [straight, lossy] = [destinationAt(warehouse.config), destinationAt(warehouse.config, proxy.port)];
  const place = (): TestPlace => {
    const schema = `s${randomUUID().replaceAll('-', '')}`;
    const destination: Destination = { type: 'postgres', connection: 'warehouse', schema };
    const table = ({ name }: Model): string => `${schema}.${name}`;
    return {
      destination,
      load: (datasets, { lossy: through = false, overrides } = {}) => loadTo(warehouse, through ? lossy : straight, datasets, destination, overrides),
      look: async (models) => {
        const there = await warehouse.pool.query('select 1 from pg_tables where schemaname = $1', [schema]);
        if (there.rowCount === 0) return undefined;
        const rows = models.map((model) => `(select coalesce(json_agg(json_build_array(${model.columns.map(({ name }) => `"${name}"::text`).join(', ')})), '[]') from ${table(model)})`);
        const found = await warehouse.pool.query<(string | null)[][][]>({ text: `select ${rows.join(', ')}`, rowMode: 'array' });
        const columns = await warehouse.pool.query<{ name: string; column: string }>("select c.relname as name, a.attname || ' ' || format_type(a.atttypid, a.atttypmod) as column from pg_attribute a join pg_class c on c.oid = a.attrelid where c.relnamespace = $1::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped and not starts_with(a.attname, '_weir_') order by a.attnum", [schema]);
        return new Map(models.map((model, at) => [model.name, { columns: columns.rows.filter(({ name }) => name === model.name).map(({ column }) => engineType(column)), rows: (found.rows[0]?.[at] ?? []).map((row) => JSON.stringify(row)).sort() }]));
      },
      trace: async (models) => {
        const found = await warehouse.pool.query<string[]>({ text: models.map((model) => `select xmin::text || ctid::text from ${table(model)}`).join(' union all '), rowMode: 'array' });
        return found.rows.flat().sort().join();
      },
    };
  };
  return {
    place,
    loseReply: () => proxy.loseCommitReply({ times: 1 }),
    lostReplies: () => proxy.lostReplies,
    dispose: async () => {
      await Promise.all([straight.close(), lossy.close()]);
      await proxy.close();
    },
  };
}

const ENGINE_TYPES: readonly [RegExp, string][] = [[/ bigint$/, ' BIGINT'], [/ text$/, ' VARCHAR'], [/ numeric\((.*)\)$/, ' DECIMAL($1)'], [/ date$/, ' DATE'], [/ timestamp without time zone$/, ' TIMESTAMP'], [/ double precision$/, ' DOUBLE']];

function engineType(column: string): string {
  return ENGINE_TYPES.reduce((text, [stored, type]) => text.replace(stored, type), column);
}

/** Files of this machine, which is asked without a line in between: there is no answer to lose. */
export async function folderPlaces(warehouse: Warehouse, layout: ExportLayout): Promise<PlaceKind> {
  const folder = await tempDir();
  const openExport = exportsIn({ folder: folder.path, egress: new Egress(), secretOf: () => new Secret('') });
  const unused = destinationAt(warehouse.config);
  const place = (): TestPlace => {
    const path = randomUUID();
    const root = join(folder.path, path);
    const destination: Destination = { type: 'file', path, ...layout };
    return {
      destination,
      load: (datasets, { overrides } = {}) => loadTo(warehouse, unused, datasets, destination, { openExport, ...overrides }),
      look: async (models) => (!(await names(root)).includes('_weir/test.json') ? undefined : (await readExport((name) => readFile(join(root, name)), models)).tables),
      trace: async () => (await Promise.all((await names(root)).map(async (name) => `${name} ${(await stat(join(root, name))).mtimeMs}`))).join(),
    };
  };
  return {
    place,
    loseReply: () => undefined,
    lostReplies: () => 0,
    dispose: async () => {
      await unused.close();
      await folder.dispose();
    },
  };
}

async function names(root: string): Promise<string[]> {
  const found = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  return found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1)).sort();
}

/** A bucket, where a place is a prefix. */
export async function bucketPlaces(warehouse: Warehouse, layout: ExportLayout): Promise<PlaceKind> {
  const bucket = await testBucket();
  const proxy = await HttpFaultProxy.start(bucket.server);
  const unused = destinationAt(warehouse.config);
  const [losing, lost] = [{ next: false }, { replies: 0 }];
  proxy.faultOf = ({ method, path }) => {
    if (!losing.next || method !== 'PUT' || !path.includes('/_weir/test.json')) return undefined;
    losing.next = false;
    lost.replies += 1;
    return { cutAfter: 0 };
  };
  const secretOf = (): Secret => new Secret(bucket.server.secretAccessKey);
  const openExport = exportsIn({ folder: undefined, egress: new Egress(['127.0.0.1']), secretOf });
  const place = (): TestPlace => {
    const prefix = randomUUID();
    const destination: Destination = { type: 's3', connection: 'store', bucket: bucket.name, prefix, ...layout };
    const through = ({ host, port }: { readonly host: string; readonly port: number }): OpenExport => (target, definition, signal) => openExport(target, { ...definition, connections: { store: connectionTo(host, port) } }, signal);
    const connectionTo = (host: string, port: number): S3ConnectionSettings => ({ type: 's3', host, port, tls: false, region: bucket.server.region, accessKeyId: bucket.server.accessKeyId, secretAccessKey: { secret: 'STORE' } });
    return {
      destination,
      load: (datasets, { lossy = false, overrides } = {}) => loadTo(warehouse, unused, datasets, destination, { openExport: through(lossy ? proxy : bucket.server), ...overrides }),
      look: async (models) => ((await bucket.keys(`${prefix}/_weir/test.json`)).length === 0 ? undefined : (await readExport((name) => bucket.get(`${prefix}/${name}`), models)).tables),
      // All but the pointer never changes.
      trace: async () => [...(await bucket.keys(`${prefix}/`)), (await bucket.get(`${prefix}/_weir/test.json`)).toString()].join(),
    };
  };
  return {
    place,
    loseReply: () => void (losing.next = true),
    lostReplies: () => lost.replies,
    dispose: async () => {
      await unused.close();
      await proxy.close();
      bucket.close();
    },
  };
}

function loadTo(warehouse: Warehouse, postgres: ReturnType<typeof destinationAt>, datasets: readonly TestDataset[], destination: Destination, overrides: Partial<LoadDependencies> = {}): TestLoad {
  const definition = (): Promise<Definition> => Promise.resolve({ ...definitionOf(datasets.map(({ model }) => model)), grain: '1h', destinations: [destination] });
  return new TestLoad(warehouse, postgres, datasets, { definition, ...overrides });
}

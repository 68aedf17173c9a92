import { collect } from './testing/garbage';
import { beginTurn, publishTurn, takesOf, TRACKED } from './testing/turns';
import { days, givenPipeline, openWorkbench, runRequest, type Workbench } from './testing/workbench';

let bench: Workbench;
beforeAll(async () => (bench = await openWorkbench()));
afterAll(() => bench.dispose());

/** A pipeline whose intervals list a folder, each after some days. */
class Folder {
  private nth = 0;

  private constructor(readonly pipeline: string) {}

  static async open(name: string): Promise<Folder> {
    return new Folder(await givenPipeline(bench.pool, name, TRACKED));
  }

  /** Lets days pass, then an interval see the names that there are; gives those that it takes. */
  async after(passed: number, ...names: string[]): Promise<readonly string[]> {
    const { pipeline, nth } = this;
    const ago = [pipeline, passed];
    await bench.pool.query(`update metadata.snapshot set published_at = published_at - $2 * interval '1 day' where pipeline = $1`, ago);
    await bench.pool.query(`update metadata.taken_file set seen_at = seen_at - $2 * interval '1 day' where pipeline = $1`, ago);
    const turn = await beginTurn(bench, runRequest(pipeline, `${pipeline}-${nth}`, days(nth, nth + 1)), new Map(names.map((name) => [name, `content of ${name}`])));
    await publishTurn(bench, turn);
    this.nth += 1;
    return turn.names;
  }

  async forgotten(dryRun = false): Promise<number | undefined> {
    return (await collect(bench, { pipeline: this.pipeline, dryRun })).forgottenFiles;
  }
}

test('a name that was missing from every listing of 90 days is forgotten, and not before; one that is listed never is', async () => {
  const folder = await Folder.open('vanished');
  await folder.after(0, 'a', 'b');
  // Surely missing first between the 30th and the 60th day, so for 90 days between the 150th and the 180th.
  for (let day = 30; day <= 150; day += 30) {
    await folder.after(30, 'a');
    expect([day, await folder.forgotten()]).toEqual([day, undefined]);
  }
  await folder.after(30, 'a');
  expect([await folder.forgotten(true), await folder.forgotten(true), await folder.forgotten(), await folder.forgotten()]).toEqual([1, 1, 1, undefined]);
  expect((await takesOf(bench, { pipeline: folder.pipeline, interval: days(0, 30) })).files.map(({ name }) => name)).toEqual(['a']);
  expect(await folder.after(30, 'a', 'b')).toEqual(['b']);
});

test('a name that no listing could have had is not missing: a pipeline that stood still for years forgets nothing', async () => {
  const folder = await Folder.open('paused');
  await folder.after(0, 'a', 'b');
  await folder.after(1_000, 'a');
  await folder.after(1, 'a');
  await folder.after(1, 'a');
  expect(await folder.forgotten()).toBeUndefined();
  expect(await folder.after(1_000, 'a', 'b')).toEqual([]);
  expect(await folder.forgotten()).toBeUndefined();
});

test('one that comes back in time is not taken again, and its days are counted anew', async () => {
  const folder = await Folder.open('back');
  await folder.after(0, 'a', 'b');
  for (let day = 30; day <= 300; day += 30) {
    expect(await folder.after(30, ...(day === 150 ? ['a', 'b'] : ['a']))).toEqual([]);
    expect([day, await folder.forgotten()]).toEqual([day, undefined]);
  }
  await folder.after(30, 'a');
  expect(await folder.forgotten()).toBe(1);
});

test('any number of names goes, a thousand at a time', async () => {
  const folder = await Folder.open('many');
  await folder.after(0, 'a', 'b');
  await bench.pool.query(`insert into metadata.taken_file (pipeline, name, partition, ordinal, bytes, sha256, stamp) select 'many', 'gone/' || n, (select min(partition) from metadata.take where pipeline = 'many'), n + 10, 1, 'x', 'x' from generate_series(1, 2500) n`);
  for (let nth = 0; nth < 6; nth += 1) await folder.after(30, 'a');
  expect(await folder.forgotten(true)).toBe(2_501);
  expect(await folder.forgotten()).toBe(2_501);
  const { rows } = await bench.pool.query<{ name: string }>(`select name from metadata.taken_file where pipeline = 'many'`);
  expect(rows).toEqual([{ name: 'a' }]);
});

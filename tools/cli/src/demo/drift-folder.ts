import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WeirError } from '@weir/core';
import { ROOT } from '@weir/servers';

/** A text of one file that becomes another; it stands there exactly once. */
export interface Edit {
  readonly path: string;
  readonly from: string;
  readonly to: string;
}

/** A copy of examples/retail of which the demo changes contract and models, as people would. */
export class DriftFolder {
  private constructor(
    readonly path: string,
    /** Where the copy reads its daily files. */
    readonly data: string,
  ) {}

  /** Copies the example under a name of its own, which is its schema's name too. What was there is removed. */
  static async make(path: string, name: string): Promise<DriftFolder> {
    await rm(path, { recursive: true, force: true });
    const data = join(path, 'data');
    await mkdir(data, { recursive: true });
    for (const part of ['pipeline.yaml', 'contract.odcs.yaml', 'models']) await cp(join(ROOT, 'examples/retail', part), join(path, part), { recursive: true });
    const folder = new DriftFolder(path, data);
    await folder.edit([
      { path: 'pipeline.yaml', from: 'name: retail\n', to: `name: ${name}\n` },
      { path: 'pipeline.yaml', from: 'schema: retail }', to: `schema: ${name} }` },
      { path: 'pipeline.yaml', from: '${env:RETAIL_PATH:-../../.weir/data/retail}/{date}.csv', to: 'data/{date}.csv' },
    ]);
    return folder;
  }

  /** Throws INTERNAL where a file does not have the text once: the example changed, and the demo did not follow. */
  async edit(edits: readonly Edit[]): Promise<void> {
    for (const edit of edits) await this.replace(edit, 1);
  }

  /** Replaces a text wherever it stands in files, each of which has it. Throws INTERNAL where one does not. */
  async editAll(paths: readonly string[], from: string, to: string): Promise<void> {
    for (const path of paths) await this.replace({ path, from, to }, Number.POSITIVE_INFINITY);
  }

  private async replace({ path, from, to }: Edit, most: number): Promise<void> {
    const parts = (await readFile(join(this.path, path), 'utf8')).split(from);
    const times = parts.length - 1;
    if (times < 1 || times > most) throw new WeirError({ code: 'INTERNAL', place: join(this.path, path), message: `\`${from.trim()}\` stands there ${times} times; the demo does not know such an example.` });
    await writeFile(join(this.path, path), parts.join(to));
  }

  /** A further file of the definition. */
  async add(path: string, text: string): Promise<void> {
    await writeFile(join(this.path, path), text);
  }
}

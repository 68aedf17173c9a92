import { join } from 'node:path';
import { tempDir, type TempDir } from '@weir/testkit';
import { openLake } from './open-lake';
import { describeLake } from './testing/conformance';

let folder: TempDir;
beforeAll(async () => {
  folder = await tempDir();
});
afterAll(() => folder.dispose());

describeLake('a folder', (name) => openLake({ folder: join(folder.path, name) }));

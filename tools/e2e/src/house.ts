import { join } from 'node:path';
import { generateRetail } from '@weir/generate';
import { tempDir, type TempDir } from '@weir/testkit';
import { TestPlatform } from './platform';
import { apply, retailPipeline, type ChangeFile, type RetailPipeline } from './retail-pipeline';

/** Generated days for a pipeline. */
export interface GeneratedDays {
  readonly from: string;
  readonly days: number;
  readonly rowsPerDay: number;
  readonly seed: number;
}

/** The platform and a scratch folder for the tests of one block. */
export interface House {
  readonly platform: TestPlatform;
  /** Absolute; gone after the block. */
  readonly scratch: string;
  /** Generates days and applies a copy of the retail example over them. */
  retail(name: string, days: GeneratedDays, change?: ChangeFile): Promise<RetailPipeline>;
}

/** Opens the platform and a folder before the tests of a describe block, and closes both after them; usable from beforeAll on. */
export function useHouse(): House {
  let folder: TempDir | undefined;
  let platform: TestPlatform | undefined;
  beforeAll(async () => {
    folder = await tempDir();
    platform = await TestPlatform.open();
  });
  afterAll(async () => {
    await platform?.close();
    await folder?.dispose();
  });
  const opened = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('The platform is opened before the first test of the block, not earlier.');
    return value;
  };
  return {
    get platform() {
      return opened(platform);
    },
    get scratch() {
      return opened(folder).path;
    },
    async retail(name, days, change) {
      const data = join(this.scratch, `${name}-data`);
      await generateRetail(data, days);
      const pipeline = retailPipeline(this.scratch, name, data, change);
      await apply(pipeline, this.platform.state.home);
      return pipeline;
    },
  };
}

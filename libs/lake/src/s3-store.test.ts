import { tempDir, testBucket, type TempDir, type TestBucket } from '@weir/testkit';
import { bucketLake } from './testing/bucket-lake';
import { describeLake } from './testing/conformance';

let folder: TempDir;
let store: TestBucket;
beforeAll(async () => {
  [folder, store] = [await tempDir(), await testBucket()];
});
afterAll(async () => {
  store?.close();
  await folder?.dispose();
});

describeLake('a bucket', (name) => bucketLake(store, folder.path, name));

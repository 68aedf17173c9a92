export { testDatabase, type TestDatabase, type TestPostgres } from './database';
export { FaultProxy } from './fault-proxy';
export { mulberry32 } from './mulberry32';
export { type ExpectedOutcome, expectedOutcomes, PUBLIC_SCHEMAS, type PublicSchema, publicContracts, publicData, publicDefinition } from './public-schemas';
export { batchOf, type BatchFields, emptyRecords, encodeRecords, fetchResponse, type KafkaJsRecord, produce, recordsOf, type TestRecord } from './record-sets';
export { tempDir, type TempDir } from './temp-dir';
export { testTopic, type TestTopic } from './topic';
export { until, type UntilOptions } from './until';

import fc from 'fast-check';
import { crc32c } from './crc32c';

/** kafkajs's own, which takes a byte at a time. */
const byKafkajs = require('kafkajs/src/protocol/recordBatch/crc32C') as (bytes: Buffer) => number;

test.each([
  ['', 0],
  ['123456789', 0xe3069283],
  // RFC 3720, appendix B.4: 32 zeros, 32 times 255.
  ['\0'.repeat(32), 0x8a9136aa],
  ['\u00ff'.repeat(32), 0x62a8ab43],
])('of %j is that of the standard', (text, expected) => {
  expect(crc32c(Buffer.from(text, 'latin1'))).toBe(expected);
});

test('is that of kafkajs, for any bytes', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => crc32c(bytes) === byKafkajs(Buffer.from(bytes)) >>> 0), { numRuns: 500 });
});

import { QualityServiceService as Generated, type ValidateBatchRequest } from './gen/weir/quality/v1/quality';
import * as services from './services';

const { QualityServiceService } = services;

function request(bytes: number, fill: string): ValidateBatchRequest {
  const values = Buffer.alloc(bytes, fill);
  return { context: undefined, records: { topic: fill, values, valueLengths: values.subarray(0, 8), keys: values, keyLengths: Buffer.alloc(0), timestamps: Buffer.alloc(0), ranges: [{ partition: 1, offset: 2 ** 40, count: 3, grain: 'g' }], headers: [], poisoned: [] } };
}

test('one writer writes what the generated serializers write, and what it wrote stays', () => {
  const sizes = [10, 3_000_000, 0, 200_000, 5];
  const written = sizes.map((bytes, n) => QualityServiceService.validateBatch.requestSerialize(request(bytes, 'abcde'[n] ?? '')));
  written.forEach((bytes, n) => expect(bytes.equals(Generated.validateBatch.requestSerialize(request(sizes[n] ?? 0, 'abcde'[n] ?? '')))).toBe(true));
});

test('a message that cannot be written leaves nothing behind', () => {
  const wrong = { ...request(10, 'x'), context: { definitionVersion: {} } } as unknown as ValidateBatchRequest;
  expect(() => QualityServiceService.validateBatch.requestSerialize(wrong)).toThrow();
  const right = request(10, 'y');
  expect(QualityServiceService.validateBatch.requestSerialize(right)).toEqual(Generated.validateBatch.requestSerialize(right));
});

test('every method of every service has its own messages', () => {
  const methods = Object.values(services).flatMap((service) => Object.values(service));
  expect(methods.length).toBeGreaterThan(30);
  expect(new Set(methods.map(({ path }) => path)).size).toBe(methods.length);
  for (const { requestSerialize, responseSerialize } of methods) expect([requestSerialize, responseSerialize]).toEqual([expect.any(Function), expect.any(Function)]);
});

import { readEnvironment } from '@weir/platform';
import { readConfig } from './config';

const read = (env: Record<string, string>) => readConfig(readEnvironment(env));

describe('the settings of a worker version', () => {
  it('are none unless they are given', () => {
    expect(read({}).version).toBeUndefined();
  });

  it('are a deployment and a build together', () => {
    expect(read({ WEIR_DEPLOYMENT: 'weir', WEIR_BUILD_ID: '1.4.0' }).version).toEqual({ deploymentName: 'weir', buildId: '1.4.0' });
  });

  it.each([
    ['WEIR_BUILD_ID', { WEIR_DEPLOYMENT: 'weir' }],
    ['WEIR_DEPLOYMENT', { WEIR_BUILD_ID: '1.4.0' }],
  ])('are refused without %s', (place, env: Record<string, string>) => {
    expect(() => read(env)).toThrow(expect.objectContaining({ code: 'INVALID_VALUE', place }) as Error);
  });
});

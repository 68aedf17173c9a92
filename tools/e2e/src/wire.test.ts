import { useHouse } from './house';
import { callByReflection, healthOf, listServices } from './reflection';

const SERVICES = [
  ['ingest', ['weir.ingest.v1.IngestService']],
  ['quality', ['weir.quality.v1.QualityService', 'weir.quality.v1.QuarantineService']],
  ['transform', ['weir.transform.v1.TransformService']],
  ['load', ['weir.load.v1.LoadService']],
  ['metadata', ['weir.metadata.v1.CatalogService', 'weir.metadata.v1.DefinitionService', 'weir.metadata.v1.RunService']],
] as const;

describe('the wire', () => {
  const house = useHouse();

  test.each(SERVICES)('%s lists its services by reflection', async (service, names) => {
    expect(await listServices(house.platform.state.services[service])).toEqual(expect.arrayContaining([...names]));
  });

  test('an rpc can be called with reflection alone', async () => {
    expect(await callByReflection(house.platform.state.services.metadata, 'weir.metadata.v1.DefinitionService', 'listPipelines', {})).toHaveProperty('pipelines');
    expect(await callByReflection(house.platform.state.services.metadata, 'grpc.health.v1.Health', 'check', { service: '' })).toHaveProperty('status');
  });

  test.each(SERVICES)('%s says that it and its services are healthy', async (service, names) => {
    for (const name of ['', ...names]) expect({ name, status: await healthOf(house.platform.state.services[service], name) }).toEqual({ name, status: 'SERVING' });
  });
});

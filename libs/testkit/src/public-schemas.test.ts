import { COMPATIBILITY_MODES, type ContractDataset, type ContractVersion, contractChanges, parseContract, versionChanges } from '@weir/core';
import { PUBLIC_SCHEMAS, publicContracts, type PublicSchema } from './public-schemas';

interface Version extends ContractVersion {
  /** As the schema's authors call it. */
  readonly label: string;
}

/** The versions of a schema's one dataset, oldest first. Rules and checks are left out: they are no part of compatibility. */
function history(schema: PublicSchema): Version[] {
  return publicContracts(schema).map((file, index) => {
    const { contract, problems } = parseContract(file, undefined);
    expect([file.path, ...problems]).toEqual([file.path]);
    const dataset = contract?.datasets[0];
    if (!contract || !dataset) throw new Error(`${schema} ${file.path} has no dataset.`);
    return { version: index + 1, label: contract.version, dataset: { ...dataset, rules: [], checks: [] } as ContractDataset };
  });
}

/** A change of one version since another, as `kind column`, with what it breaks. */
type Change = readonly [change: string, ...breaks: readonly ('backward' | 'forward')[]];

function changes(before: Version | undefined, after: Version | undefined): Change[] {
  if (!before || !after) throw new Error('There is no such version.');
  return contractChanges(before.dataset, after.dataset).map(({ kind, columns, breaks }) => [`${kind} ${columns.join(', ')}`, ...breaks]);
}

const BOTH = ['backward', 'forward'] as const;

/** Every step in the life of the schemas, by hand from what their authors say of it. */
const STEPS: readonly (readonly [PublicSchema, from: string, to: string, readonly Change[]])[] = [
  ['gtfs_stops', '2016-11', '2020-03', [['required stop_name', 'forward'], ['added tts_stop_name'], ['required stop_lat', 'forward'], ['required stop_lon', 'forward'], ['added level_id'], ['added platform_code']]],
  ['gtfs_stops', '2020-03', '2025-09', [['added stop_access']]],
  ['gtfs_stop_times', '2016-11', '2020-05', [['added continuous_pickup'], ['added continuous_drop_off']]],
  [
    'gtfs_stop_times', '2020-05', '2025-04',
    [['required stop_id', 'forward'], ['added location_group_id'], ['added location_id'], ['added start_pickup_drop_off_window'], ['added end_pickup_drop_off_window'], ['added pickup_booking_rule_id'], ['added drop_off_booking_rule_id']],
  ],
  [
    'taxi_trips', '2015-01', '2016-07',
    [['removed pickup_longitude', 'forward'], ['removed pickup_latitude', 'forward'], ['removed dropoff_longitude', 'forward'], ['removed dropoff_latitude', 'forward'], ['header rate_code_id', ...BOTH], ['added pu_location_id', 'backward'], ['added do_location_id', 'backward']],
  ],
  ['taxi_trips', '2016-07', '2019-01', [['added congestion_surcharge']]],
  ['taxi_trips', '2019-01', '2022-01', [['type passenger_count', 'forward'], ['required passenger_count', 'forward'], ['type rate_code_id', 'forward'], ['required rate_code_id', 'forward'], ['required store_and_fwd_flag', 'forward'], ['added airport_fee']]],
  ['taxi_trips', '2022-01', '2023-02', [['type passenger_count', 'backward'], ['type rate_code_id', 'backward'], ['header airport_fee']]],
  ['taxi_trips', '2023-02', '2025-01', [['added cbd_congestion_fee']]],
  [
    'cloudevents', '0.1', '0.3',
    [['removed typeversion'], ['removed extensions'], ['header id', ...BOTH], ['header specversion', ...BOTH], ['header type', ...BOTH], ['added subject'], ['header time'], ['header dataschema'], ['header datacontenttype'], ['added datacontentencoding']],
  ],
  ['cloudevents', '0.3', '1.0', [['removed datacontentencoding'], ['header dataschema'], ['added data_base64']]],
];

describe('public schemas', () => {
  it.each(STEPS)('%s from %s to %s change in what its authors changed, and break what that breaks', (schema, from, to, expected) => {
    const versions = history(schema);
    const at = versions.findIndex(({ label }) => label === from);
    expect(versions[at + 1]?.label).toBe(to);
    const byName = ([a]: Change, [b]: Change): number => (a < b ? -1 : 1);
    expect(changes(versions[at], versions[at + 1]).sort(byName)).toEqual([...expected].sort(byName));
  });

  it('have no step that is not looked at', () => {
    expect(PUBLIC_SCHEMAS.map((schema) => [schema, history(schema).length - 1])).toEqual(PUBLIC_SCHEMAS.map((schema) => [schema, STEPS.filter(([of]) => of === schema).length]));
  });

  // Of every version, the modes that would have let it come after all those before it.
  it.each<[PublicSchema, Readonly<Record<string, readonly string[]>>]>([
    ['gtfs_stops', { '2020-03': ['BACKWARD', 'BACKWARD_TRANSITIVE'], '2025-09': ['BACKWARD', 'BACKWARD_TRANSITIVE', 'FORWARD', 'FULL'] }],
    ['gtfs_stop_times', { '2020-05': ['BACKWARD', 'BACKWARD_TRANSITIVE', 'FORWARD', 'FORWARD_TRANSITIVE', 'FULL', 'FULL_TRANSITIVE'], '2025-04': ['BACKWARD', 'BACKWARD_TRANSITIVE'] }],
    [
      'taxi_trips',
      { '2016-07': [], '2019-01': ['BACKWARD', 'FORWARD', 'FULL'], '2022-01': ['BACKWARD'], '2023-02': ['FORWARD'], '2025-01': ['BACKWARD', 'FORWARD', 'FULL'] },
    ],
    ['cloudevents', { '0.3': [], '1.0': ['BACKWARD', 'FORWARD', 'FULL'] }],
  ])('%s could have kept these modes', (schema, expected) => {
    const versions = history(schema);
    const kept = versions.slice(1).map(({ label, dataset }, index) => [label, COMPATIBILITY_MODES.filter((mode) => mode !== 'NONE' && versionChanges(versions.slice(0, index + 1), { ...dataset, compatibility: mode }).every(({ breaking }) => !breaking))]);
    expect(Object.fromEntries(kept)).toEqual(expected);
  });

  it('keep the mode that they state', () => {
    for (const schema of PUBLIC_SCHEMAS) {
      const versions = history(schema);
      const newest = versions.at(-1);
      expect(newest?.dataset.compatibility).toBeDefined();
      expect([schema, newest && versionChanges(versions.slice(0, -1), newest.dataset).filter(({ breaking }) => breaking)]).toEqual([schema, []]);
    }
  });
});

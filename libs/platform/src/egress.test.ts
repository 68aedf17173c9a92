import { Egress } from './egress';

/** Whether a host may be reached, or the code of the refusal. */
async function reach(egress: Egress, host: string, port = 443): Promise<string> {
  return egress.address(host, port).catch((error: { code: string }) => error.code);
}

describe('connections of definitions', () => {
  // Ways to write this machine, its network, or the metadata service of a cloud; most were bypasses of guards of other tools.
  test.each(['127.0.0.1', '127.1', '0x7f.1', '2130706433', '0177.0.0.1', '0', '0.0.0.0', 'localhost', '::1', '[::1]', '::', '::ffff:127.0.0.1', '::ffff:7f00:1', '169.254.169.254', 'fe80::1', '10.1.2.3', '172.16.0.1', '192.168.1.1', '100.64.0.1', 'fd00::1', '224.0.0.1', '255.255.255.255', '198.18.0.1', '64:ff9b::7f00:1', '2002:7f00:1::'])('do not reach %s', async (host) => {
    expect(['EGRESS_DENIED', 'UNAVAILABLE']).toContain(await reach(new Egress(), host));
  });

  test.each(['93.184.216.34', '2606:2800:220:1:248:1893:25c8:1946'])('reach %s', async (host) => {
    expect(await reach(new Egress(), host)).toBe(host);
  });

  test('reach what the operator allows, at the port that he allows', async () => {
    const egress = new Egress(['127.0.0.1:9000', '10.0.0.0/8', '[fd00::/8]:5432', 'fd01::5']);
    expect(await Promise.all([reach(egress, '127.0.0.1', 9000), reach(egress, '127.0.0.1', 9001), reach(egress, '10.9.9.9', 1), reach(egress, '11.0.0.1', 1), reach(egress, '::ffff:10.1.1.1', 1)])).toEqual(['127.0.0.1', 'EGRESS_DENIED', '10.9.9.9', '11.0.0.1', '::ffff:10.1.1.1']);
    expect(await reach(egress, 'fd01::5', 80)).toBe('fd01::5');
  });

  test('do not reach a name of which one address is denied', async () => {
    expect(await reach(new Egress(['127.0.0.1']), 'localhost', 80)).toMatch(/^(127\.0\.0\.1|EGRESS_DENIED)$/);
    expect(await reach(new Egress(['::1']), '127.0.0.1', 80)).toBe('EGRESS_DENIED');
  });

  test('are not told whether anything listens', async () => {
    const [one, other] = await Promise.all([1, 65_535].map((port) => new Egress().address('127.0.0.1', port).catch((error: Error) => error.message.replace(`:${port} `, ':PORT '))));
    expect(one).toBe(other);
  });

  test.each(['localhost:9000', '10.0.0.0/40', '127.0.0.1:99999999', 'all', ''])('cannot be allowed by `%s`', (text) => {
    expect(() => new Egress([text])).toThrow(expect.objectContaining({ code: 'INVALID_VALUE' }));
  });
});

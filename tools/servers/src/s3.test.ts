import { planS3, startS3 } from './s3';
import { testHome } from './testing/server-context';

const { context, started, dispose } = testHome({ shift: 8_500 });
afterAll(dispose);

test('the S3 server of tests starts with no bucket, answers its account alone, and no key stands in its arguments', async () => {
  const plan = await planS3(context);
  const { how } = await startS3(context, plan);
  expect(how).toContain('versitygw');
  const asked = await fetch(`http://${plan.address}/`);
  expect({ status: asked.status, says: await asked.text() }).toEqual({ status: 403, says: expect.stringContaining('<Code>AccessDenied</Code>') });
  const [{ spec } = { spec: undefined }] = started;
  expect(spec?.args).not.toContain(plan.secretAccessKey);
  expect(spec?.env).toMatchObject({ ROOT_SECRET_ACCESS_KEY: plan.secretAccessKey });
}, 300_000);

import { S3Client } from '@aws-sdk/client-s3';
import type { S3ConnectionSettings } from '@weir/core';
import type { S3Limits, S3Options } from './config';
import { PinnedHandler } from './pinned-handler';

// It tells whoever runs on Node 20 once a process, in words of AWS, what the next version will need. Ours is pinned, and says by itself what it needs.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

/**
 * A client of one store that takes nothing from this machine: no login, endpoint or setting of its environment, of files in home directories or of metadata services. Without a login in the connection requests are not signed.
 * It tries once; who asks decides about more. Throws SECRET_MISSING.
 */
export function openClient(connection: S3ConnectionSettings, options: S3Options, limits: S3Limits): S3Client {
  const client = new S3Client({
    region: connection.region,
    ...endpointOf(connection),
    ...loginOf(connection, options),
    requestHandler: new PinnedHandler(options.address, limits),
    maxAttempts: 1,
    retryMode: 'standard',
    defaultsMode: 'standard',
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    useArnRegion: false,
    // Bodies are small, and sent again when that is needed.
    expectContinueHeader: false,
    disableS3ExpressSessionAuth: true,
    authSchemePreference: [],
    sigv4aSigningRegionSet: [],
    userAgentAppId: 'weir',
    requestChecksumCalculation: 'WHEN_REQUIRED',
    // What comes is held against the store's checksums here, over all the answers that an object came in: the client knows only one.
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  askForChecksums(client);
  return client;
}

/** A store of one's own is addressed by its host, with the bucket in the path; AWS by the bucket's own host. */
function endpointOf({ host, port, tls }: S3ConnectionSettings): { endpoint?: string; forcePathStyle: boolean; ignoreConfiguredEndpointUrls: boolean } {
  if (host === undefined) return { forcePathStyle: false, ignoreConfiguredEndpointUrls: true };
  const name = host.includes(':') ? `[${host}]` : host;
  return { endpoint: `${tls ? 'https' : 'http'}://${name}${port === undefined ? '' : `:${port}`}`, forcePathStyle: true, ignoreConfiguredEndpointUrls: true };
}

type Login = Pick<ConstructorParameters<typeof S3Client>[0] & object, 'credentials' | 'signer'>;

function loginOf({ accessKeyId, secretAccessKey }: S3ConnectionSettings, { secretOf }: S3Options): Login {
  if (accessKeyId !== undefined && secretAccessKey) return { credentials: { accessKeyId, secretAccessKey: secretOf(secretAccessKey.secret).reveal() } };
  return { credentials: { accessKeyId: '', secretAccessKey: '' }, signer: { sign: (request) => Promise.resolve(request) } };
}

/** Has stores say the checksum of an object with its bytes, without the client looking at it. */
function askForChecksums(client: S3Client): void {
  client.middlewareStack.add(
    (next, { commandName }) =>
      (args) => {
        if (commandName === 'GetObjectCommand') (args.request as { headers: Record<string, string> }).headers['x-amz-checksum-mode'] = 'ENABLED';
        return next(args);
      },
    { step: 'build', name: 'askForChecksums' },
  );
}

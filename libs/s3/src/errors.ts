import { isWeirError, WeirError } from '@weir/core';
import { lineError } from './line-error';

/** What was asked of a store, for messages. */
export interface Asked {
  /** host:port, or AWS with the region. */
  readonly store: string;
  /** What the connection says. */
  readonly region: string;
  readonly bucket: string;
  /** Undefined where the bucket was asked for its keys. */
  readonly key?: string | undefined;
  /** What was to become of the object, or the keys. */
  readonly doing: Doing;
}

/** Of an object, or of the keys of a bucket. */
export type Doing = 'read' | 'listed' | 'written' | 'removed';

/** What a login needs for it. */
const PERMISSIONS: Readonly<Record<Doing, string>> = { read: 's3:GetObject', listed: 's3:ListBucket', written: 's3:PutObject', removed: 's3:DeleteObject' };

/** What was read is not one object from its beginning to its end: it changed meanwhile, or bytes were damaged on their way. Reading it once more may help. */
export class TornRead extends WeirError {}

/** What passes by itself, in S3's words; so does every status from 500 on. */
const PASSING: ReadonlySet<string> = new Set(['SlowDown', 'RequestTimeout', 'Throttling', 'ThrottlingException', 'TooManyRequests', 'OperationAborted', 'ConditionalRequestConflict']);
const TOO_MANY_REQUESTS = 429;

/**
 * A failure of a store or of the way there as a WeirError that names the object. Only codes and statuses of the store's words are told: the rest may have keys and signatures in it. What passes by itself is UNAVAILABLE, what is not
 * there SOURCE_MISSING, an object that changed TornRead, everything else SOURCE_REFUSED; CANCELLED when the signal is aborted.
 */
export function storeError(error: unknown, asked: Asked, signal: AbortSignal): WeirError {
  const place = placeOf(asked);
  if (signal.aborted) return new WeirError({ code: 'CANCELLED', message: `Cancelled while ${place} was to be ${asked.doing}.` });
  if (isWeirError(error)) return error;
  const answer = answerOf(error);
  return answer ? refusal(answer, asked, place) : lineError(error, asked.store);
}

/** `bucket/key`, or the bucket alone. */
export function placeOf({ bucket, key }: Pick<Asked, 'bucket' | 'key'>): string {
  return key === undefined ? bucket : `${bucket}/${key}`;
}

/** The HTTP status of a store's answer; undefined for an error that came from no answer. */
export function statusOf(error: unknown): number | undefined {
  return answerOf(error)?.status;
}

interface Answer {
  readonly status: number;
  /** S3's name of the error; empty where the answer has none that looks like one. */
  readonly name: string;
  /** Where the bucket is, when the store says that it is not where it was asked for. */
  readonly region: string | undefined;
}

/** What a store said; undefined for an error that came from no answer. */
function answerOf(error: unknown): Answer | undefined {
  const { Code, Region, $metadata, $response } = error as { Code?: unknown; Region?: unknown; $metadata?: { httpStatusCode?: number }; $response?: { statusCode?: number; headers?: Record<string, string> } };
  const status = $metadata?.httpStatusCode ?? $response?.statusCode;
  if (status === undefined) return undefined;
  const named = typeof Code === 'string' && /^[A-Za-z]{3,60}$/.test(Code) ? Code : '';
  const region = [$response?.headers?.['x-amz-bucket-region'], Region].find((text): text is string => typeof text === 'string' && /^[a-z0-9-]{1,50}$/.test(text));
  return { status, name: named, region };
}

function refusal({ status, name, region }: Answer, asked: Asked, place: string): WeirError {
  const { store, bucket, key } = asked;
  const said = name === '' ? `${status}` : `${status} ${name}`;
  const refused = (message: string, fix?: string): WeirError => new WeirError({ code: 'SOURCE_REFUSED', message, place, fix });
  if (status >= 500 || status === TOO_MANY_REQUESTS || PASSING.has(name)) return new WeirError({ code: 'UNAVAILABLE', message: `The store at ${store} answers ${said} for ${place}.`, place });
  if (name === 'RequestTimeTooSkewed') return new WeirError({ code: 'UNAVAILABLE', message: `The clocks of this machine and of the store at ${store} differ too much.`, place, fix: 'Set the clock of this machine.' });
  // The object is another one, or ends before the bytes that were asked for.
  if (status === 412 || status === 416) return torn(place);
  if (name === 'NoSuchBucket') return new WeirError({ code: 'SOURCE_MISSING', message: `The bucket ${bucket} does not exist in the store at ${store}.`, place: bucket, fix: 'Create the bucket, or correct `source.bucket` or the connection.' });
  if (status === 404 && key !== undefined) return new WeirError({ code: 'SOURCE_MISSING', message: `${place} disappeared before it was read.`, place });
  if (region !== undefined && region !== asked.region) return refused(`The bucket ${bucket} is in the region ${region}, and the connection says ${asked.region}.`, `Write \`region: ${region}\` into the connection.`);
  if (status >= 300 && status < 400) return refused(`The store at ${store} sends requests for ${bucket} elsewhere (${said}).`, 'Write the host and region of the bucket into the connection.');
  if (name === 'InvalidObjectState') return new WeirError({ code: 'SOURCE_UNREADABLE', message: `${place} is archived.`, place, fix: 'Restore the object, then run again.' });
  if (name === 'InvalidAccessKeyId' || name === 'SignatureDoesNotMatch') return refused(`The store at ${store} does not know the login of the connection (${said}).`, 'Correct `accessKeyId` of the connection, or the secret that `secretAccessKey` names.');
  const forbidden = status === 401 || status === 403;
  if (forbidden || name !== '') return refused(`The store at ${store} refuses to let ${place} be ${asked.doing} (${said}).`, forbidden ? forbiddenFix(asked.doing) : undefined);
  return refused(`The store at ${store} answers ${said} for ${place}, which is no answer of S3 to that.`, 'Correct host, port, `tls` and region of the connection.');
}

function forbiddenFix(doing: Doing): string {
  if (doing === 'listed') return 'Allow the login of the connection to list the bucket (s3:ListBucket).';
  if (doing !== 'read') return `Allow the login of the connection to do that (${PERMISSIONS[doing]}).`;
  return 'Allow the login of the connection to read the object (s3:GetObject). S3 says the same of an object that is not there, unless the login may list the bucket (s3:ListBucket).';
}

/** An object that is another one than when reading it began. */
export function torn(place: string): TornRead {
  return new TornRead({ code: 'SOURCE_UNREADABLE', message: `${place} changes while it is read.`, place, fix: 'Write objects under another key when they change, or do not write while runs read them.' });
}

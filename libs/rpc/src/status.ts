import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { Metadata, status as grpcStatus, type ServiceError } from '@grpc/grpc-js';
import { ERRORS, WeirError, isErrorCode, toWeirError, type ErrorCode } from '@weir/core';

/**
 * WeirError on the wire: the gRPC status of its code, and google.rpc.Status details with one ErrorInfo
 * (reason = code, domain = "weir", metadata = place, fix, stage, sample_1…5) and, for transient codes, RetryInfo.
 * The messages are encoded by field number (google/rpc/status.proto and error_details.proto), so grpcurl shows them.
 */
const DETAILS_KEY = 'grpc-status-details-bin';
const DOMAIN = 'weir';
const ERROR_INFO = 'type.googleapis.com/google.rpc.ErrorInfo';
const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo';
/** gRPC metadata above 8 KiB is refused by default on many peers. */
const MAX_MESSAGE = 2_000;

/** What a server handler hands to grpc-js to end a call with this error. */
export function toStatus(error: unknown): { code: number; details: string; metadata: Metadata } {
  const weir = toWeirError(error);
  const code = grpcStatus[ERRORS[weir.code].grpc];
  const message = weir.message.slice(0, MAX_MESSAGE);
  const metadata = new Metadata();
  metadata.set(DETAILS_KEY, Buffer.from(encodeStatus(code, message, weir)));
  return { code, details: `${weir.code}: ${message}`, metadata };
}

/** The WeirError behind a failed call; statuses without details (a dead server, a deadline) map to the table's transport codes. */
export function fromStatus(error: ServiceError, target: string): WeirError {
  const bytes = error.metadata?.get(DETAILS_KEY)[0];
  const info = bytes instanceof Buffer ? decodeErrorInfo(bytes) : undefined;
  if (info && isErrorCode(info.reason)) {
    const { place, fix, stage } = info.metadata;
    const samples = [1, 2, 3, 4, 5].map((n) => info.metadata[`sample_${n}`]).filter((s) => s !== undefined);
    const message = error.details.replace(`${info.reason}: `, '');
    return new WeirError({ code: info.reason, message, place, fix, stage, samples }, { cause: error });
  }
  return new WeirError({ code: transportCode(error.code), message: `${target}: ${error.details || error.message}` }, { cause: error });
}

function transportCode(code: grpcStatus): ErrorCode {
  switch (code) {
    case grpcStatus.UNAVAILABLE:
      return 'UNAVAILABLE';
    case grpcStatus.CANCELLED:
      return 'CANCELLED';
    case grpcStatus.DEADLINE_EXCEEDED:
      return 'DEADLINE';
    case grpcStatus.RESOURCE_EXHAUSTED:
      return 'BUSY';
    case grpcStatus.INVALID_ARGUMENT:
      return 'INVALID_VALUE';
    default:
      return 'INTERNAL';
  }
}

function encodeStatus(code: number, message: string, error: WeirError): Uint8Array {
  const fields: Record<string, string> = { fix: error.fix };
  if (error.place) fields['place'] = error.place;
  if (error.stage) fields['stage'] = error.stage;
  error.samples.forEach((sample, index) => (fields[`sample_${index + 1}`] = sample.slice(0, 300)));
  const writer = new BinaryWriter().uint32(8).int32(code).uint32(18).string(message);
  writer.uint32(26).bytes(encodeAny(ERROR_INFO, encodeErrorInfo(error.code, fields)));
  if (error.retry === 'transient') {
    // RetryInfo.retry_delay (1) = Duration { seconds (1) = 1 }
    const second = new BinaryWriter().uint32(8).int64(1).finish();
    writer.uint32(26).bytes(encodeAny(RETRY_INFO, new BinaryWriter().uint32(10).bytes(second).finish()));
  }
  return writer.finish();
}

function encodeAny(typeUrl: string, value: Uint8Array): Uint8Array {
  return new BinaryWriter().uint32(10).string(typeUrl).uint32(18).bytes(value).finish();
}

function encodeErrorInfo(reason: string, metadata: Record<string, string>): Uint8Array {
  const writer = new BinaryWriter().uint32(10).string(reason).uint32(18).string(DOMAIN);
  for (const [key, value] of Object.entries(metadata)) {
    writer.uint32(26).bytes(new BinaryWriter().uint32(10).string(key).uint32(18).string(value).finish());
  }
  return writer.finish();
}

interface ErrorInfo {
  reason: string;
  metadata: Record<string, string>;
}

function decodeErrorInfo(bytes: Buffer): ErrorInfo | undefined {
  for (const any of fieldsOf(bytes).filter((f) => f.number === 3)) {
    const [typeUrl, value] = [1, 2].map((n) => fieldsOf(any.bytes).find((f) => f.number === n)?.bytes);
    if (typeUrl && value && Buffer.from(typeUrl).toString() === ERROR_INFO) return parseErrorInfo(value);
  }
  return undefined;
}

function parseErrorInfo(bytes: Uint8Array): ErrorInfo {
  const info: ErrorInfo = { reason: '', metadata: {} };
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) info.reason = Buffer.from(field.bytes).toString();
    if (field.number !== 3) continue;
    const [key, value] = [1, 2].map((n) => Buffer.from(fieldsOf(field.bytes).find((f) => f.number === n)?.bytes ?? []).toString());
    if (key) info.metadata[key] = value ?? '';
  }
  return info;
}

/** The length-delimited fields of a message; others are skipped. */
function fieldsOf(bytes: Uint8Array): { number: number; bytes: Uint8Array }[] {
  const reader = new BinaryReader(bytes);
  const fields: { number: number; bytes: Uint8Array }[] = [];
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (type === WireType.LengthDelimited) fields.push({ number, bytes: reader.bytes() });
    else reader.skip(type);
  }
  return fields;
}

import type { handleClientStreamingCall, handleServerStreamingCall, handleUnaryCall } from '@grpc/grpc-js';
import { trace } from '@opentelemetry/api';
import { WeirError, isWeirError, toWeirError } from '@weir/core';
import { toStatus } from './status';

/** What a handler may know of its call. */
export interface CallContext {
  /** Aborted when the caller cancels or its deadline passes. */
  readonly signal: AbortSignal;
}

/** What every kind of call tells. */
interface AnyCall {
  on(event: 'cancelled', listener: () => void): unknown;
}

/** A unary rpc from a plain async function. A thrown WeirError becomes its status with details; anything else becomes INTERNAL. */
export function unary<Request, Response>(handler: (request: Request, call: CallContext) => Promise<Response>): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    const context = contextOf(call);
    handler(call.request, context).then(
      (response) => callback(null, response),
      (error: unknown) => callback(failed(error, context.signal)),
    );
  };
}

/**
 * A server-streaming rpc. `send` resolves when the transport can take more, so a slow caller slows the work down.
 * The stream ends when the handler resolves; an error after messages were sent ends it with that status.
 */
export function stream<Request, Response>(
  handler: (request: Request, call: CallContext, send: (response: Response) => Promise<void>) => Promise<void>,
): handleServerStreamingCall<Request, Response> {
  return (call) => {
    const context = contextOf(call);
    const send = async (response: Response) => {
      if (call.write(response) || context.signal.aborted) return;
      await new Promise<void>((resolve) => {
        call.once('drain', resolve);
        context.signal.addEventListener('abort', () => resolve(), { once: true });
      });
    };
    handler(call.request, context, send).then(
      () => call.end(),
      // Not destroy(): grpc-js turns an emitted error into the status after what was already written.
      (error: unknown) => call.emit('error', failed(error, context.signal)),
    );
  };
}

/** A client-streaming rpc: one answer to all messages. They are read as the handler asks for them, so a slow one slows the caller down. */
export function collect<Request, Response>(handler: (requests: AsyncIterable<Request>, call: CallContext) => Promise<Response>): handleClientStreamingCall<Request, Response> {
  return (call, callback) => {
    const context = contextOf(call);
    handler(call as AsyncIterable<Request>, context).then(
      (response) => callback(null, response),
      (error: unknown) => callback(failed(error, context.signal)),
    );
  };
}

function contextOf(call: AnyCall): CallContext {
  const controller = new AbortController();
  call.on('cancelled', () => controller.abort(new WeirError({ code: 'CANCELLED', message: 'The caller cancelled or its deadline passed.' })));
  return { signal: controller.signal };
}

/** Marks the server span with the code and the first reasons, then gives the status for the wire. */
function failed(error: unknown, signal: AbortSignal) {
  const weir = signal.aborted && !isWeirError(error) ? new WeirError({ code: 'CANCELLED', message: 'The call was cancelled.' }) : toWeirError(error);
  const span = trace.getActiveSpan();
  span?.setAttribute('weir.error.code', weir.code);
  if (weir.samples.length > 0) span?.setAttribute('weir.error.samples', [...weir.samples]);
  const status = toStatus(weir);
  return Object.assign(new Error(status.details), status);
}

export interface JaegerSettings {
  /** The address to listen on. */
  readonly host: string;
  /** Folder of the Badger storage. */
  readonly data: string;
  readonly otlp: number;
  readonly otlpHttp: number;
  readonly grpc: number;
  readonly query: number;
}

/** Jaeger's configuration file: OTLP in, Badger storage that survives restarts, the query API out, no metrics of its own. */
export function jaegerConfig({ host, data, otlp, otlpHttp, grpc, query }: JaegerSettings): string {
  return `service:
  extensions: [jaeger_storage, jaeger_query]
  pipelines:
    traces:
      receivers: [otlp]
      processors: [batch]
      exporters: [jaeger_storage_exporter]
  telemetry:
    metrics:
      level: none
    logs:
      level: warn
extensions:
  jaeger_query:
    storage:
      traces: weir
    http:
      endpoint: ${host}:${query}
    grpc:
      endpoint: ${host}:${grpc}
  jaeger_storage:
    backends:
      weir:
        badger:
          directories:
            keys: ${JSON.stringify(`${data}/keys`)}
            values: ${JSON.stringify(`${data}/values`)}
          ephemeral: false
          ttl:
            spans: 168h
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: ${host}:${otlp}
      http:
        endpoint: ${host}:${otlpHttp}
processors:
  batch:
    timeout: 200ms
exporters:
  jaeger_storage_exporter:
    trace_storage: weir
`;
}

/** Versions of the servers. Temporal's is of its command line (server 1.29.1); Jaeger's Go module 1.76.0 is release 2.13.0; the registry is Apicurio's; S3 is versitygw's. */
export const VERSIONS = { postgres: '18', temporal: '1.5.1', jaeger: '2.13.0', jaegerModule: '1.76.0', kafka: '4.3.0', registry: '3.3.3', registryFallback: '2.6.13.Final', s3: '1.8.0' } as const;

/** The oldest Postgres whose SQL the platform uses. */
export const OLDEST_POSTGRES = 15;

/** The oldest Java that runs a Kafka broker, the schema registry, and the registry's older version, which keeps schemas in memory only. */
export const OLDEST_JAVA = { kafka: 17, registry: 21, registryFallback: 17 } as const;

/** The images that Docker and infra/compose.yaml run. */
export const IMAGES = {
  postgres: `postgres:${VERSIONS.postgres}`,
  temporal: `temporalio/temporal:${VERSIONS.temporal}`,
  jaeger: `jaegertracing/jaeger:${VERSIONS.jaeger}`,
  kafka: `apache/kafka:${VERSIONS.kafka}`,
  registry: `apicurio/apicurio-registry:${VERSIONS.registry}`,
} as const;

/** The images of servers that only tests have. */
export const TEST_IMAGES = { s3: `versity/versitygw:v${VERSIONS.s3}` } as const;

/** First choice of every port; the next free one is taken where it is in use. `WEIR_<NAME>_PORT` asks for one. */
export const PORTS = {
  ingest: 7411,
  quality: 7412,
  transform: 7413,
  load: 7414,
  metadata: 7415,
  orchestrator: 7416,
  postgres: 55432,
  temporal: 7233,
  temporalUi: 8233,
  jaegerOtlp: 4317,
  jaegerOtlpHttp: 4318,
  jaegerGrpc: 16685,
  jaegerQuery: 16686,
  kafka: 19092,
  kafka2: 19093,
  kafka3: 19094,
  kafkaController: 19192,
  kafkaController2: 19193,
  kafkaController3: 19194,
  registry: 18081,
  registryManagement: 18082,
  s3: 17070,
} as const;

export type PortName = keyof typeof PORTS;

/** Custom search attributes of the platform's workflows, all of type Keyword. */
export const SEARCH_ATTRIBUTES = ['WeirPipeline', 'WeirInterval', 'WeirStage', 'WeirRunKind', 'WeirVerdict', 'WeirState', 'WeirBackfill'] as const;

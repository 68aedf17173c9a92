import { SASL_MECHANISMS, type KafkaConnection, type KafkaLogin } from '@weir/connectors';
import { WeirError } from '@weir/core';
import { egressSettings, lakeSettings, listenSettings, readEnvironment, stageSettings, type EgressSettings, type EnvReader, type LakeSettings, type ListenSettings, type StageSettings } from '@weir/platform';

export interface Config extends ListenSettings, StageSettings, EgressSettings {
  readonly lake: LakeSettings;
  /** host:port of the other services. */
  readonly services: Readonly<Record<'quality' | 'transform' | 'load' | 'metadata', string>>;
  /** The Kafkas that definitions may read, by name. */
  readonly kafka: Readonly<Record<string, KafkaConnection>>;
}

/** The service's settings. Throws MISSING_KEY and INVALID_VALUE, naming the variable. */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const settings = readEnvironment(env);
  return {
    ...listenSettings(settings, 7411),
    ...stageSettings(settings),
    ...egressSettings(settings),
    lake: lakeSettings(settings),
    services: {
      quality: settings.text('WEIR_QUALITY_ADDRESS', '127.0.0.1:7412'),
      transform: settings.text('WEIR_TRANSFORM_ADDRESS', '127.0.0.1:7413'),
      load: settings.text('WEIR_LOAD_ADDRESS', '127.0.0.1:7414'),
      metadata: settings.text('WEIR_METADATA_ADDRESS', '127.0.0.1:7415'),
    },
    kafka: { kafka: kafkaSettings(settings) },
  };
}

function kafkaSettings(env: EnvReader): KafkaConnection {
  const brokers = env.text('WEIR_KAFKA_BROKERS', '127.0.0.1:19092').split(',').map((address) => address.trim());
  const wrong = brokers.find((address) => !/^[^:/\s]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/.test(address));
  if (wrong !== undefined) throw new WeirError({ code: 'INVALID_VALUE', place: 'WEIR_KAFKA_BROKERS', message: `WEIR_KAFKA_BROKERS has \`${wrong}\`.`, fix: 'Write host:port of each broker, with commas between them.' });
  return { brokers, clientId: 'weir-ingest', sasl: kafkaLogin(env), tls: env.flag('WEIR_KAFKA_TLS', false) };
}

function kafkaLogin(env: EnvReader): KafkaLogin | undefined {
  const user = env.optional('WEIR_KAFKA_USER');
  if (user === undefined) return undefined;
  const wanted = env.text('WEIR_KAFKA_MECHANISM', 'scram-sha-512');
  const mechanism = SASL_MECHANISMS.find((name) => name === wanted);
  if (!mechanism) throw new WeirError({ code: 'INVALID_VALUE', place: 'WEIR_KAFKA_MECHANISM', message: `WEIR_KAFKA_MECHANISM is \`${wanted}\`.`, fix: `Use ${SASL_MECHANISMS.join(', ')}.` });
  return { mechanism, user, password: env.secret('WEIR_KAFKA_PASSWORD') };
}

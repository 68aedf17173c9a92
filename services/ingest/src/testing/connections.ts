import { WeirError } from '@weir/core';
import { Egress } from '@weir/platform';
import type { ConnectionDependencies } from '../source-connections';

/** Of a service that may reach nothing and knows no secret. */
export const NO_CONNECTIONS: ConnectionDependencies = {
  egress: new Egress(),
  secretOf: (name) => {
    throw new WeirError({ code: 'SECRET_MISSING', message: `There is no secret ${name}.` });
  },
};

import type { ServiceState } from '../service-state.js';
import type { Route } from './router.js';

/** `GET /health`, which needs no token, `/metrics` and `/model`. */
export function statusRoutes(state: ServiceState): Route[] {
  return [
    {
      method: 'GET',
      path: '/health',
      isOpen: true,
      handler: () => ({
        status: state.isStopping ? 503 : 200,
        body: {
          status: state.isStopping ? 'stopping' : 'ready',
          waiting: state.turns.waits,
          predicting: state.turns.runs,
          spooled: state.spooled(),
        },
      }),
    },
    {
      method: 'GET',
      path: '/metrics',
      handler: async () => {
        const { metrics } = state;
        metrics.waiting(state.spooled());
        return { type: metrics.registry.contentType, body: await metrics.registry.metrics() };
      },
    },
    {
      method: 'GET',
      path: '/model',
      handler: () => ({
        body: { ...state.answerer.model, labels: state.answerer.labels, card: state.options.card ?? null },
      }),
    },
  ];
}

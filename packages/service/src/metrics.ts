import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Answer } from './model/answer.js';
import type { Outcome } from './outcome.js';

/** The numbers of a service, as Prometheus reads them. */
export class ServiceMetrics {
  readonly registry = new Registry();
  private readonly requests = new Counter({
    name: 'cxr_align_requests_total',
    help: 'Requests by route and status',
    labelNames: ['route', 'status'],
    registers: [this.registry],
  });
  private readonly images = new Counter({
    name: 'cxr_align_images_total',
    help: 'Images by how they came and what became of them',
    labelNames: ['by', 'outcome'],
    registers: [this.registry],
  });
  private readonly seconds = new Histogram({
    name: 'cxr_align_prediction_seconds',
    help: 'Seconds of reading and predicting an image',
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [this.registry],
  });
  private readonly instances = new Counter({
    name: 'cxr_align_instances_total',
    help: 'Stored instances by what became of them',
    labelNames: ['state'],
    registers: [this.registry],
  });
  private readonly retries = new Counter({
    name: 'cxr_align_retries_total',
    help: 'Stored instances that were tried again later',
    registers: [this.registry],
  });
  private readonly spooled = new Gauge({
    name: 'cxr_align_spool_instances',
    help: 'Stored instances that are not answered yet',
    registers: [this.registry],
  });

  request(route: string, status: number): void {
    this.requests.inc({ route, status: String(status) });
  }

  answered(by: string, answer: Answer): void {
    this.images.inc({ by, outcome: answer.error === undefined ? 'answered' : 'refused' });
    this.seconds.observe(answer.seconds);
  }

  failed(by: string): void {
    this.images.inc({ by, outcome: 'failed' });
  }

  finished(state: Outcome['state']): void {
    this.instances.inc({ state });
  }

  retried(): void {
    this.retries.inc();
  }

  waiting(count: number): void {
    this.spooled.set(count);
  }
}

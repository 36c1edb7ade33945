import { AnswererFault } from '../model/answer.js';
import { FullError, WaitedTooLongError } from '../model/turns.js';
import { MultipartFault } from './multipart.js';

/** An answer other than 200. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';

  constructor(
    readonly status: number,
    message: string,
    /** Seconds after which to ask again. */
    readonly retryAfter?: number,
  ) {
    super(message);
  }
}

/** The answer to a caller after a failure. */
export function statusOf(error: Error): ServiceError {
  if (error instanceof ServiceError) return error;
  if (error instanceof FullError)
    return new ServiceError(429, `expected a free place, ${error.message}; ask again later`, 1);
  if (error instanceof WaitedTooLongError)
    return new ServiceError(503, `expected an answer in time, ${error.message}`, 5);
  if (error instanceof AnswererFault) return new ServiceError(503, `the model failed: ${error.message}`, 5);
  if (error instanceof MultipartFault) return new ServiceError(400, error.message);
  return new ServiceError(500, 'the service failed; its log says why');
}

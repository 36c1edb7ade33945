import { parentPort, workerData } from 'node:worker_threads';
import { makeDraws, type DrawTask } from '../evaluation/bootstrap-threads.js';

parentPort!.postMessage(makeDraws(workerData as DrawTask));

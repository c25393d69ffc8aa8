import { parentPort, workerData } from 'node:worker_threads'
import { type Share, work } from './candidates/gcm-chunks.ts'

work(workerData as Share)
parentPort?.postMessage('done')

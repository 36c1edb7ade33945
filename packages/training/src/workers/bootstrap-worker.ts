export { resampleRanking as default } from '@cxr-align/evaluation';

export {
  fastForms,
  useFastForms,
  type AdamWSettings,
  type DropoutMask,
  type FastForms,
  type FusedAdamW,
  type FusedForward,
  type RepeatedRun,
  type RepeatedWork,
} from './fast-forms.js';

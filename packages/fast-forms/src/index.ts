export {
  fastForms,
  useFastForms,
  type AdamWSettings,
  type DropoutMask,
  type FastForms,
  type FusedAdamW,
  type FusedForward,
} from './fast-forms.js';

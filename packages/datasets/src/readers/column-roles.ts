/** What a column of a table can be beside a label, and the names that it goes by, in lower case. */
export const columnRoles = {
  image: ['image', 'image index', 'image_index', 'imageid', 'image_id', 'file', 'filename', 'path', 'image_path'],
  patient: ['patientid', 'patient', 'patient_id', 'patient id', 'subject_id', 'subjectid', 'subject'],
  study: ['study', 'studyid', 'study_id', 'study id'],
  sex: ['sex', 'gender', 'patient gender', 'patientsex'],
  age: ['age', 'patient age', 'patientage'],
  view: ['view', 'view position', 'viewposition', 'projection'],
  split: ['split', 'set', 'subset', 'fold'],
} as const;

export type ColumnRole = keyof typeof columnRoles;

/** Columns that are known to be no labels. */
export const otherColumns: readonly string[] = [
  ...Object.values(columnRoles).flat(),
  ...['width', 'height', 'followup', 'finding', 'findinglabels', 'unspecified', 'labelsource', 'license'],
  ...['sourcefile', 'offset', 'source'],
];

#include "kernel.h"

namespace cxr {
namespace {

void deleteAttributes(void* attributes) { delete static_cast<Attributes*>(attributes); }

}  // namespace

void* createAttributes(TF_OpKernelConstruction* construction) {
  auto* attributes = new Attributes;
  TF_Status* status = TF_NewStatus();
  const auto has = [&](const char* name) { return TF_OpKernelConstruction_HasAttr(construction, name, status); };
  if (has("rate")) TF_OpKernelConstruction_GetAttrFloat(construction, "rate", &attributes->rate, status);
  if (has("eps")) TF_OpKernelConstruction_GetAttrFloat(construction, "eps", &attributes->eps, status);
  if (has("heads")) TF_OpKernelConstruction_GetAttrInt32(construction, "heads", &attributes->heads, status);
  if (has("batch")) TF_OpKernelConstruction_GetAttrInt32(construction, "batch", &attributes->batch, status);
  TF_DeleteStatus(status);
  return attributes;
}

bool registerOp(const char* name, std::initializer_list<const char*> attributes, std::initializer_list<const char*> inputs,
                std::initializer_list<const char*> outputs, void (*run)(void*, TF_OpKernelContext*)) {
  TF_Status* status = TF_NewStatus();
  TF_OpDefinitionBuilder* definition = TF_NewOpDefinitionBuilder(name);
  for (const char* one : attributes) TF_OpDefinitionBuilderAddAttr(definition, one);
  for (const char* one : inputs) TF_OpDefinitionBuilderAddInput(definition, one);
  for (const char* one : outputs) TF_OpDefinitionBuilderAddOutput(definition, one);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, [](TF_ShapeInferenceContext* context, TF_Status* of) {
    TF_ShapeInferenceContextSetUnknownShape(context, of);
  });
  TF_RegisterOpDefinition(definition, status);
  bool accepted = TF_GetCode(status) == TF_OK;
  if (accepted) {
    TF_RegisterKernelBuilder(name, TF_NewKernelBuilder(name, "CPU", createAttributes, run, deleteAttributes), status);
    accepted = TF_GetCode(status) == TF_OK;
  }
  TF_DeleteStatus(status);
  return accepted;
}

}  // namespace cxr

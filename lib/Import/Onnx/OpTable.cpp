//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The one table of supported ops, made of those of the op families.
//
//===----------------------------------------------------------------------===//
#include "Importer.h"
#include "OnnxProto.h"

#include "llvm/Support/raw_ostream.h"

#include <map>

using namespace spnn::onnximport;

static const llvm::StringMap<const OpEntry *> &table() {
  static const llvm::StringMap<const OpEntry *> entries = [] {
    llvm::StringMap<const OpEntry *> all;
    for (llvm::ArrayRef<OpEntry> family :
         {activationOps(), convolutionOps(), depthSpaceOps(), einsumOps(), elementwiseOps(), indexOps(), linearOps(),
          normalizationOps(), poolingOps(), quantizationOps(), reduceOps(), resizeOps(), shapeOps(), tensorOps()})
      for (const OpEntry &entry : family)
        all[entry.name] = &entry;
    return all;
  }();
  return entries;
}

const OpEntry *spnn::onnximport::findOp(llvm::StringRef name) { return table().lookup(name); }

void spnn::printOnnxOps(llvm::raw_ostream &os) {
  std::map<std::string, std::string> rows;
  // Functions of sequences or random numbers end in ops that are not supported.
  for (const std::string &name : functionOps())
    if (name != "SequenceMap" && name != "Bernoulli")
      rows[name] = "by the function that ONNX defines it by";
  for (const auto &entry : table())
    rows[entry.getKey().str()] = entry.second->note.str();
  os << "| op | restrictions |\n| --- | --- |\n";
  for (const auto &[name, note] : rows)
    os << "| " << name << " | " << note << " |\n";
}

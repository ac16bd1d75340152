//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Any bytes are either refused by one sentence or imported as a valid module.
//
//===----------------------------------------------------------------------===//
#include "spnn/Import/Onnx.h"

#include "mlir/IR/MLIRContext.h"

#include <cstdlib>
#include <memory>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  // The context keeps every type and attribute: a fresh one now and then bounds the memory.
  static std::unique_ptr<mlir::MLIRContext> context;
  static int runs = 0;
  if (runs++ % 1000 == 0)
    context = std::make_unique<mlir::MLIRContext>(mlir::MLIRContext::Threading::DISABLED);
  llvm::StringRef bytes(reinterpret_cast<const char *>(data), size);
  auto module = spnn::importOnnx(*context, bytes, "fuzz.onnx");
  // The start of the sentence: what follows may quote names that the fuzzer chose.
  if (!module &&
      llvm::StringRef(llvm::toString(module.takeError())).starts_with("fuzz.onnx: the imported module is not valid"))
    abort();
  return 0;
}

//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the end-to-end tests share: from the text of a model to a loaded library, in this process.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_TEST_E2E_COMPILEMODEL_H
#define SPNN_TEST_E2E_COMPILEMODEL_H

#include "spnn/Pipelines/Pipelines.h"
#include "spnn/Runtime/Loader.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

#include <cstdint>
#include <string>
#include <vector>

namespace spnn::test {

/// A context with every dialect and translation, shared by all tests of the program.
mlir::MLIRContext &getContext();

/// A folder of its own, removed with all it holds.
class TemporaryFolder {
public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;
  std::string file(const std::string &name) const { return path + "/" + name; }

private:
  std::string path;
};

/// Parses `text`; null, with the errors in `errors`, if it is no valid module.
mlir::OwningOpRef<mlir::ModuleOp> parse(const std::string &text, std::string &errors);

/// Compiles `text` with spnn-cpu and `options` ("threads=1 target-cpu=haswell") into the library `path` and loads it.
/// Null, after a test failure, if anything fails.
std::unique_ptr<runtime::Model> compile(const std::string &text, const std::string &options, const std::string &path);

/// "dense<...>" for these f32 values of a non-empty tensor, as hexadecimal text.
std::string denseAttribute(const std::vector<float> &values);
/// The same for the raw bytes of elements of any type.
std::string denseAttribute(const std::vector<uint8_t> &bytes);

/// f32 elements that end at the end of a page which nothing may touch: reading or writing behind them ends the
/// process. The bytes in front are filled with a pattern that `intact` checks.
class GuardedBuffer {
public:
  explicit GuardedBuffer(size_t elements);
  ~GuardedBuffer();
  GuardedBuffer(const GuardedBuffer &) = delete;
  GuardedBuffer &operator=(const GuardedBuffer &) = delete;
  float *data() { return elements; }
  size_t size() const { return count; }
  void poison();       ///< fills the elements with NaN
  bool intact() const; ///< nothing wrote in front of the elements

private:
  uint8_t *base;
  size_t bytes, count;
  float *elements;
};

/// What a crash handler prints before the process dies; set before a call into generated code.
void setCrashNote(const std::string &note);

} // namespace spnn::test

#endif // SPNN_TEST_E2E_COMPILEMODEL_H

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
#include "CompileModel.h"

#include "spnn/InitAll.h"
#include "spnn/Target/Emit.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

#include "gtest/gtest.h"

#include <cmath>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <sys/mman.h>
#include <unistd.h>

using namespace mlir;
using namespace spnn;

MLIRContext &test::getContext() {
  static MLIRContext *context = [] {
    DialectRegistry registry;
    registerAllDialects(registry);
    registerAllExtensions(registry);
    spnn::registerDialect(registry);
    target::registerTranslations(registry);
    auto *created = new MLIRContext(registry, MLIRContext::Threading::DISABLED);
    created->loadAllAvailableDialects();
    return created;
  }();
  return *context;
}

test::TemporaryFolder::TemporaryFolder() {
  path = testing::TempDir() + "spnn-test.XXXXXX";
  if (!mkdtemp(path.data()))
    ADD_FAILURE() << "cannot create " << path;
}

test::TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

OwningOpRef<ModuleOp> test::parse(const std::string &text, std::string &errors) {
  ScopedDiagnosticHandler handler(&getContext(), [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
      errors += diagnostic.str() + "\n";
    return success();
  });
  return parseSourceString<ModuleOp>(text, &getContext());
}

std::unique_ptr<runtime::Model> test::compile(const std::string &text, const std::string &options,
                                              const std::string &path) {
  std::string errors;
  OwningOpRef<ModuleOp> module = parse(text, errors);
  if (!module) {
    ADD_FAILURE() << "does not parse: " << errors << text.substr(0, 2000);
    return nullptr;
  }
  ScopedDiagnosticHandler handler(&getContext(), [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
      errors += diagnostic.str() + "\n";
    return success();
  });
  PassManager pm(&getContext());
  CpuPipelineOptions parsed;
  if (failed(parsed.parseFromString(options))) {
    ADD_FAILURE() << "wrong options " << options;
    return nullptr;
  }
  buildCpuPipeline(pm, parsed);
  if (failed(pm.run(*module))) {
    ADD_FAILURE() << "is not compiled: " << errors;
    return nullptr;
  }
  if (target::Error error = target::emit(*module, target::EmitKind::So, path)) {
    ADD_FAILURE() << "is not emitted: " << *error;
    return nullptr;
  }
  std::unique_ptr<runtime::Model> model;
  if (runtime::Error error = runtime::Model::open(path, model)) {
    ADD_FAILURE() << "is not loaded: " << *error;
    return nullptr;
  }
  return model;
}

std::string test::denseAttribute(const std::vector<float> &values) {
  std::vector<uint8_t> bytes(values.size() * sizeof(float));
  if (!values.empty())
    std::memcpy(bytes.data(), values.data(), bytes.size());
  return denseAttribute(bytes);
}

std::string test::denseAttribute(const std::vector<uint8_t> &bytes) {
  static const char digits[] = "0123456789ABCDEF";
  std::string result = "dense<\"0x";
  for (uint8_t byte : bytes) {
    result += digits[byte >> 4];
    result += digits[byte & 15];
  }
  return result + "\">";
}

//===----------------------------------------------------------------------===//
// Guarded memory
//===----------------------------------------------------------------------===//

static constexpr uint8_t kPattern = 0xA5;

test::GuardedBuffer::GuardedBuffer(size_t elementCount) : count(elementCount) {
  size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE)), wanted = count * sizeof(float);
  // At least one page lies in front of the elements.
  size_t usable = (wanted / page + 2) * page;
  bytes = usable + page;
  void *mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED || mprotect(static_cast<uint8_t *>(mapped) + usable, page, PROT_NONE) != 0)
    std::abort();
  base = static_cast<uint8_t *>(mapped);
  elements = reinterpret_cast<float *>(base + usable - wanted);
  std::memset(base, kPattern, usable - wanted);
}

test::GuardedBuffer::~GuardedBuffer() { munmap(base, bytes); }

void test::GuardedBuffer::poison() {
  for (size_t i = 0; i < count; ++i)
    elements[i] = std::nanf("");
}

bool test::GuardedBuffer::intact() const {
  for (const uint8_t *at = base; at != reinterpret_cast<const uint8_t *>(elements); ++at)
    if (*at != kPattern)
      return false;
  return true;
}

//===----------------------------------------------------------------------===//
// Crash notes
//===----------------------------------------------------------------------===//

static char crashNote[4096];

static void reportCrash(int signal) {
  static const char head[] = "crashed in generated code: ";
  (void)!write(STDERR_FILENO, head, sizeof(head) - 1);
  (void)!write(STDERR_FILENO, crashNote, std::strlen(crashNote));
  (void)!write(STDERR_FILENO, "\n", 1);
  std::signal(signal, SIG_DFL);
  raise(signal);
}

void test::setCrashNote(const std::string &note) {
  static bool installed = false;
  if (!installed)
    for (int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE})
      std::signal(signal, reportCrash);
  installed = true;
  std::strncpy(crashNote, note.c_str(), sizeof(crashNote) - 1);
}

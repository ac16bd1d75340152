//===- EngineLibrary.cpp - The compiler, loaded on demand -----------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Finds and calls SPNNEngine.so, and keeps the temporary model that it
// compiles.
//
//===----------------------------------------------------------------------===//
#include "EngineLibrary.h"

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <unistd.h>

using namespace spnn::run;
using spnn::runtime::DType;
using spnn::runtime::Model;
using spnn::runtime::ModelDescription;

static_assert(static_cast<int>(DType::F32) == SPNN_F32 &&
                  static_cast<int>(DType::F64) == SPNN_F64 &&
                  static_cast<int>(DType::F16) == SPNN_F16 &&
                  static_cast<int>(DType::BF16) == SPNN_BF16 &&
                  static_cast<int>(DType::I1) == SPNN_I1 &&
                  static_cast<int>(DType::I8) == SPNN_I8 &&
                  static_cast<int>(DType::I16) == SPNN_I16 &&
                  static_cast<int>(DType::I32) == SPNN_I32 &&
                  static_cast<int>(DType::I64) == SPNN_I64,
              "the element types of the engine's interface are the loader's");

namespace {

/// The folder and file of the temporary model, where a signal handler finds
/// them; "" while there is none.
char temporaryFolder[PATH_MAX], temporaryFile[PATH_MAX + 16];

/// Only calls that a signal handler may make.
void removeTemporary() {
  if (temporaryFolder[0] == '\0')
    return;
  unlink(temporaryFile);
  rmdir(temporaryFolder);
  temporaryFolder[0] = '\0';
}

constexpr int endingSignals[] = {SIGINT, SIGTERM, SIGHUP};

void onSignal(int number) {
  removeTemporary();
  std::signal(number, SIG_DFL);
  std::raise(number);
}

/// Makes the temporary folder and removes it at the end of a scope, and when
/// a signal ends the process before.
class TemporaryModel {
public:
  Error make() {
    const char *parent = std::getenv("TMPDIR");
    if (!parent || !*parent)
      parent = "/tmp";
    std::string pattern = std::string(parent) + "/sparse-run.XXXXXX";
    std::string failed =
        std::string("cannot make a temporary folder in '") + parent + "': ";
    if (pattern.size() >= sizeof(temporaryFolder))
      return failed + std::strerror(ENAMETOOLONG);
    if (!mkdtemp(pattern.data()))
      return failed + std::strerror(errno);
    std::snprintf(temporaryFile, sizeof(temporaryFile), "%s/model.so",
                  pattern.c_str());
    std::memcpy(temporaryFolder, pattern.c_str(), pattern.size() + 1);
    for (unsigned i = 0; i < 3; ++i)
      previous[i] = std::signal(endingSignals[i], onSignal);
    return std::nullopt;
  }
  ~TemporaryModel() {
    if (temporaryFolder[0] == '\0')
      return;
    removeTemporary();
    for (unsigned i = 0; i < 3; ++i)
      std::signal(endingSignals[i], previous[i]);
  }
  const char *path() const { return temporaryFile; }

private:
  void (*previous[3])(int) = {};
};

std::string defaultPath() {
  char path[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", path, sizeof(path));
  if (length <= 0)
    return "SPNNEngine.so";
  std::string folder(path, length);
  folder.resize(folder.rfind('/'));
  return folder + "/../lib/SPNNEngine.so";
}

std::vector<spnn_engine_tensor> views(const std::vector<Tensor> &tensors) {
  std::vector<spnn_engine_tensor> result;
  for (const Tensor &tensor : tensors)
    result.push_back({static_cast<int32_t>(tensor.dtype),
                      static_cast<int32_t>(tensor.shape.size()),
                      tensor.shape.data(), tensor.data.get()});
  return result;
}

/// The engine's sentence, which it owes when it fails.
Error reason(const char *message) {
  return *message ? std::string(message)
                  : std::string("the compiler failed without saying why");
}

} // namespace

Error EngineLibrary::load() {
  if (handle)
    return std::nullopt;
  const char *asked = std::getenv("SPNN_ENGINE");
  std::string path = asked && *asked ? asked : defaultPath();
  void *opened = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!opened)
    return std::string("cannot load the compiler, which .mlir files need: ") +
           dlerror();
  bool complete = true;
  auto resolve = [&](const char *name, auto &function) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(
        dlsym(opened, name));
    complete &= function != nullptr;
  };
  resolve("spnn_engine_version", versionOf);
  if (complete && versionOf() != SPNN_ENGINE_VERSION)
    return "the compiler in '" + path + "' has version " +
           std::to_string(versionOf()) +
           " of its interface, and this program speaks version " +
           std::to_string(SPNN_ENGINE_VERSION);
  resolve("spnn_engine_describe", describeIt);
  resolve("spnn_engine_free", freeText);
  resolve("spnn_engine_evaluate", evaluateIt);
  resolve("spnn_engine_compile", compileIt);
  if (!complete)
    return "'" + path +
           "' is not the compiler: it lacks a function of its "
           "interface";
  handle = opened;
  return std::nullopt;
}

Error EngineLibrary::describe(const std::string &path,
                              ModelDescription &result) {
  if (Error error = load())
    return error;
  char message[1024] = "";
  char *text = nullptr;
  if (describeIt(path.c_str(), &text, message, sizeof(message)) != 0 || !text)
    return reason(message);
  Error error = spnn::runtime::parseDescription(text, result);
  freeText(text);
  if (error)
    return "the compiler described '" + path + "' wrongly: " + *error;
  return std::nullopt;
}

Error EngineLibrary::evaluate(const std::string &path,
                              const std::string &function,
                              const std::vector<Tensor> &inputs,
                              std::vector<Tensor> &outputs) {
  if (Error error = load())
    return error;
  char message[1024] = "";
  std::vector<spnn_engine_tensor> in = views(inputs), out = views(outputs);
  if (evaluateIt(path.c_str(), function.c_str(), in.data(), in.size(),
                 out.data(), out.size(), message, sizeof(message)) != 0)
    return reason(message);
  return std::nullopt;
}

Error EngineLibrary::compile(const std::string &path,
                             const std::string &options,
                             std::unique_ptr<Model> &result) {
  if (Error error = load())
    return error;
  TemporaryModel temporary;
  if (Error error = temporary.make())
    return error;
  char message[1024] = "";
  if (compileIt(path.c_str(), options.c_str(), temporary.path(), message,
                sizeof(message)) != 0)
    return reason(message);
  // Once loaded, the file is not needed by name.
  return Model::open(temporary.path(), result, path);
}

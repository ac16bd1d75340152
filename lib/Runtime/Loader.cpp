//===- Loader.cpp - Loads and calls a compiled model ----------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Opens compiled models with dlopen, after a look at the ELF header that keeps
// a file cut off on the way from ending the process with SIGBUS.
//
//===----------------------------------------------------------------------===//
#include "spnn/Runtime/Loader.h"

#include <cerrno>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace spnn::runtime;

namespace {

/// Closes a file descriptor at the end of a scope.
struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0)
      close(fd);
  }
};

bool readAt(int fd, void *bytes, size_t count, uint64_t offset) {
  char *at = static_cast<char *>(bytes);
  while (count > 0) {
    ssize_t done = pread(fd, at, count, static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      return false;
    at += done;
    count -= done;
    offset += done;
  }
  return true;
}

/// The end of `count` records of `size` bytes at `offset` lies in the file.
bool fits(uint64_t offset, uint64_t count, uint64_t size, uint64_t fileBytes) {
  return offset <= fileBytes && count * size <= fileBytes - offset;
}

/// Refuses what is not a whole shared object of this machine.
Error checkElf(const std::string &path, const std::string &displayName) {
  std::string file = "'" + displayName + "'";
  Descriptor in{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat status;
  if (in.fd < 0 || fstat(in.fd, &status) != 0)
    return "cannot open the model " + file + ": " + std::strerror(errno);
  if (!S_ISREG(status.st_mode))
    return file + " is not a compiled model: it is not a regular file";
  uint64_t bytes = status.st_size;
  ElfW(Ehdr) header;
  if (bytes < SELFMAG || !readAt(in.fd, &header, SELFMAG, 0) ||
      std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
    return file + " is not a compiled model: it is not a shared object";
  std::string cutOff = file + " is cut off: it has " + std::to_string(bytes) +
                       " bytes, fewer than its header says";
  if (!readAt(in.fd, &header, sizeof(header), 0))
    return cutOff;
  constexpr unsigned char elfClass =
      sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;
  if (header.e_ident[EI_CLASS] != elfClass || header.e_type != ET_DYN)
    return file + " is not a compiled model: it is not a shared object of "
                  "this machine";
  if (header.e_phentsize != sizeof(ElfW(Phdr)))
    return file + " is damaged: its program headers have an unknown size";
  if (!fits(header.e_phoff, header.e_phnum, sizeof(ElfW(Phdr)), bytes) ||
      !fits(header.e_shoff, header.e_shnum, header.e_shentsize, bytes))
    return cutOff;
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    ElfW(Phdr) segment;
    if (!readAt(in.fd, &segment, sizeof(segment),
                header.e_phoff + i * sizeof(segment)) ||
        !fits(segment.p_offset, 1, segment.p_filesz, bytes))
      return cutOff;
  }
  return std::nullopt;
}

/// Looks a function up.
template <typename Function>
bool resolve(void *handle, const std::string &name, Function &result) {
  result = reinterpret_cast<Function>(dlsym(handle, name.c_str()));
  return result != nullptr;
}

/// The text at `symbol`, ended by a zero byte or by the symbol's own size.
std::string_view symbolText(const char *symbol) {
  Dl_info info;
  const ElfW(Sym) *entry = nullptr;
  size_t limit = size_t(1) << 24;
  if (dladdr1(symbol, &info,
              const_cast<void **>(reinterpret_cast<const void **>(&entry)),
              RTLD_DL_SYMENT) &&
      entry && entry->st_size > 0)
    limit = entry->st_size;
  return {symbol, strnlen(symbol, limit)};
}

bool overlap(const void *a, int64_t aBytes, const void *b, int64_t bBytes) {
  auto aBegin = reinterpret_cast<uintptr_t>(a);
  auto bBegin = reinterpret_cast<uintptr_t>(b);
  return aBegin < bBegin + bBytes && bBegin < aBegin + aBytes;
}

} // namespace

//===----------------------------------------------------------------------===//
// Context
//===----------------------------------------------------------------------===//

Context &Context::operator=(Context &&other) noexcept {
  std::swap(model, other.model);
  std::swap(context, other.context);
  return *this;
}

Context::~Context() {
  if (context)
    model->destroy(context);
}

uint64_t Context::arenaBytes() const {
  return context ? model->arenaBytesOf(context) : 0;
}

//===----------------------------------------------------------------------===//
// Call
//===----------------------------------------------------------------------===//

Error Call::run(Context &context) const {
  if (context.model != model)
    return "'" + model->file + "' was given the context of another model";
  int32_t status = entry(context.context, data.data(), dims.data());
  if (status == 0)
    return std::nullopt;
  std::string reason = model->lastError(context.context);
  if (reason.empty())
    reason = "it returned " + std::to_string(status) + " without saying why";
  return "function '" + function->name + "' of '" + model->file +
         "' failed: " + reason;
}

//===----------------------------------------------------------------------===//
// Model
//===----------------------------------------------------------------------===//

Model::~Model() {
  // libomp stays in the process (it is linked with -z nodelete), so its
  // worker threads outlive the model without harm.
  if (handle)
    dlclose(handle);
}

Error Model::open(const std::string &path, std::unique_ptr<Model> &result,
                  const std::string &displayName) {
  std::unique_ptr<Model> model(new Model());
  model->file = displayName.empty() ? path : displayName;
  if (Error error = model->load(path))
    return error;
  result = std::move(model);
  return std::nullopt;
}

Error Model::load(const std::string &path) {
  if (Error error = checkElf(path, file))
    return error;
  // A name without a slash would be looked for in the library path.
  std::string name = path.find('/') == std::string::npos ? "./" + path : path;
  handle = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    return "cannot load the model '" + file + "': " + dlerror();

  std::string notOurs = "'" + file + "' is not a compiled model: it has no ";
  const char *descriptionSymbol = nullptr;
  if (!resolve(handle, "spnn_model_description", descriptionSymbol))
    return notOurs + "symbol spnn_model_description";
  decltype(&spnn_abi_version) abiVersion = nullptr;
  if (!resolve(handle, "spnn_abi_version", abiVersion))
    return notOurs + "symbol spnn_abi_version";
  if (int32_t version = abiVersion(); version != SPNN_ABI_VERSION)
    return "'" + file + "' was compiled for version " +
           std::to_string(version) +
           " of the run-time interface, and this program speaks version " +
           std::to_string(SPNN_ABI_VERSION) + "; compile the model again";
  if (Error error = parseDescription(symbolText(descriptionSymbol), text))
    return "the description in '" + file + "' is not valid: " + *error;
  if (!resolve(handle, "spnn_context_create", create) ||
      !resolve(handle, "spnn_context_destroy", destroy) ||
      !resolve(handle, "spnn_context_error", lastError) ||
      !resolve(handle, "spnn_context_arena_bytes", arenaBytesOf))
    return "'" + file +
           "' lacks a function of the run-time interface: " + dlerror();
  for (const FunctionSpec &function : text.functions) {
    entries.emplace_back();
    if (!resolve(handle, "spnn_entry_" + function.name, entries.back()))
      return "'" + file + "' describes function '" + function.name +
             "' but has no symbol spnn_entry_" + function.name;
  }
  return std::nullopt;
}

Error Model::createContext(int32_t threads, Context &result) const {
  Context context;
  context.model = this;
  context.context = create(threads);
  if (!context.context)
    return "memory is short: no context for '" + file + "'";
  result = std::move(context);
  return std::nullopt;
}

Error Model::bind(const FunctionSpec &function,
                  const std::vector<TensorRef> &inputs,
                  const std::vector<TensorRef> &outputs, Call &result) const {
  std::string prefix = "'" + file + "': ";
  size_t index = &function - text.functions.data();
  if (&function < text.functions.data() || index >= text.functions.size())
    return prefix + "function '" + function.name + "' is another model's";

  Call call;
  call.model = this;
  call.function = &function;
  call.entry = entries[index];
  std::vector<std::vector<int64_t>> inputShapes, outputShapes;
  for (const TensorRef &input : inputs)
    inputShapes.push_back(input.shape);
  if (Error error =
          resolveShapes(function, inputShapes, call.dims, outputShapes))
    return prefix + *error;
  if (outputs.size() != outputShapes.size())
    return prefix + "function '" + function.name + "' has " +
           std::to_string(outputShapes.size()) + " outputs and was given " +
           std::to_string(outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i)
    if (outputs[i].shape != outputShapes[i])
      return prefix + "output '" + function.outputs[i].name +
             "' of function '" + function.name + "' is " +
             typeString(function.outputs[i].dtype, outputShapes[i]) +
             " and was given " + typeString(outputs[i].dtype, outputs[i].shape);

  struct Range {
    std::string who;
    const void *data;
    int64_t bytes;
    bool isOutput;
  };
  std::vector<Range> ranges;
  auto add = [&](const TensorSpec &spec, const TensorRef &tensor,
                 bool isOutput) -> Error {
    std::string who = std::string(isOutput ? "output" : "input") + " '" +
                      spec.name + "' of function '" + function.name + "'";
    if (tensor.dtype != spec.dtype)
      return prefix + who + " is " + typeString(spec) + " and was given " +
             typeString(tensor.dtype, tensor.shape);
    unsigned align = dtypeBytes(spec.dtype);
    int64_t bytes = *elementCount(tensor.shape) * align;
    if (bytes > 0 && !tensor.data)
      return prefix + who + " has no data";
    if (reinterpret_cast<uintptr_t>(tensor.data) % align != 0)
      return prefix + who + " is not aligned to its element of " +
             std::to_string(align) + " bytes";
    for (const Range &other : ranges)
      if ((isOutput || other.isOutput) && bytes > 0 && other.bytes > 0 &&
          overlap(tensor.data, bytes, other.data, other.bytes))
        return prefix + who + " overlaps " + other.who;
    ranges.push_back({std::move(who), tensor.data, bytes, isOutput});
    call.data.push_back(tensor.data);
    return std::nullopt;
  };
  for (size_t i = 0; i < inputs.size(); ++i)
    if (Error error = add(function.inputs[i], inputs[i], false))
      return error;
  for (size_t i = 0; i < outputs.size(); ++i)
    if (Error error = add(function.outputs[i], outputs[i], true))
      return error;
  result = std::move(call);
  return std::nullopt;
}

Error Model::run(const FunctionSpec &function,
                 const std::vector<TensorRef> &inputs,
                 const std::vector<TensorRef> &outputs,
                 Context &context) const {
  Call call;
  if (Error error = bind(function, inputs, outputs, call))
    return error;
  return call.run(context);
}

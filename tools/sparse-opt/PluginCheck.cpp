//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Checks the plugins of a command line before MLIR loads them.
//
//===----------------------------------------------------------------------===//
#include "PluginCheck.h"

#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Object/ELF.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/StringSaver.h"

#include <dlfcn.h>

using namespace llvm;

/// Nothing, or what is wrong with a plugin.
using Reason = std::optional<std::string>;
using Elf = object::ELFFile<object::ELF64LE>;

/// The major version of LLVM in the name of one of its libraries, such as libLLVM.so.22.1, libLLVM-16.so.1 and
/// libMLIRX86Dialect.so.19.1; nothing for other libraries and names without a version.
static std::optional<unsigned> getLLVMVersion(StringRef library) {
  if (!library.starts_with("libLLVM") && !library.starts_with("libMLIR"))
    return std::nullopt;
  auto [name, version] = library.split(".so");
  unsigned major;
  if (!name.rsplit('-').second.consumeInteger(10, major))
    return major;
  version.consume_front(".");
  if (!version.consumeInteger(10, major))
    return major;
  return std::nullopt;
}

/// Finds the libraries that an ELF file needs. Fails if the file is cut off, also where the dynamic linker would map it
/// and crash.
static Expected<SmallVector<StringRef>> readNeededLibraries(StringRef bytes) {
  Expected<Elf> elf = Elf::create(bytes);
  if (!elf)
    return elf.takeError();
  if (elf->getHeader().e_type != ELF::ET_DYN)
    return object::createError("it is an object or a program");
  auto segments = elf->program_headers();
  if (!segments)
    return segments.takeError();
  for (const Elf::Elf_Phdr &segment : *segments)
    if (segment.p_offset > bytes.size() || segment.p_filesz > bytes.size() - segment.p_offset)
      return object::createError("the file is truncated");
  // Nobody needs the sections, but they are the end of the file.
  if (auto sections = elf->sections(); !sections)
    return sections.takeError();
  auto entries = elf->dynamicEntries();
  if (!entries)
    return entries.takeError();
  uint64_t strings = 0;
  for (const Elf::Elf_Dyn &entry : *entries)
    if (entry.getTag() == ELF::DT_STRTAB)
      strings = entry.getPtr();
  SmallVector<StringRef> needed;
  for (const Elf::Elf_Dyn &entry : *entries) {
    if (entry.getTag() != ELF::DT_NEEDED)
      continue;
    // An address in the middle of the string table; its text must end inside the file.
    Expected<const uint8_t *> text = elf->toMappedAddr(strings + entry.getVal());
    if (!text)
      return text.takeError();
    StringRef rest = bytes.substr(text.get() - bytes.bytes_begin());
    size_t length = rest.find('\0');
    if (length == StringRef::npos)
      return object::createError("the file is truncated");
    needed.push_back(rest.take_front(length));
  }
  return needed;
}

/// What can be known of the file without running its code.
static Reason checkFile(StringRef path) {
  sys::fs::file_status status;
  if (std::error_code code = sys::fs::status(path, status))
    return code.message();
  if (!sys::fs::is_regular_file(status))
    return "it is not a regular file";
  auto file = MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file)
    return file.getError().message();
  StringRef bytes = (*file)->getBuffer();
  if (!bytes.starts_with(ELF::ElfMagic))
    return "it is not an ELF shared library";
  if (bytes.size() <= ELF::EI_DATA || bytes[ELF::EI_CLASS] != ELF::ELFCLASS64 ||
      bytes[ELF::EI_DATA] != ELF::ELFDATA2LSB)
    return "it is not a 64-bit little-endian ELF shared library";
  Expected<SmallVector<StringRef>> needed = readNeededLibraries(bytes);
  if (!needed)
    return "it is not a valid ELF shared library: " + toString(needed.takeError());
  for (StringRef library : *needed)
    if (std::optional<unsigned> major = getLLVMVersion(library); major && *major != LLVM_VERSION_MAJOR)
      return "it needs " + library.str() + ", but sparse-opt has LLVM " LLVM_VERSION_STRING;
  return std::nullopt;
}

/// What the plugin says of itself. `Info` is the struct that its entry point returns; `callback` the member for what it
/// registers.
template <typename Info, typename Callback>
static Reason checkInfo(void *library, const char *entryPoint, Callback Info::*callback) {
  auto *getInfo = reinterpret_cast<Info (*)()>(dlsym(library, entryPoint));
  if (!getInfo)
    return "it has no function " + std::string(entryPoint);
  Info info = getInfo();
  if (info.apiVersion != MLIR_PLUGIN_API_VERSION)
    return "it is for version " + std::to_string(info.apiVersion) + " of MLIR's plugin interface, but sparse-opt has " +
           std::to_string(MLIR_PLUGIN_API_VERSION);
  if (!info.pluginName || !info.pluginVersion || !(info.*callback))
    return "its " + std::string(entryPoint) + " returns a null pointer";
  // Most plugins give the LLVM that they were built with as their version, some one of their own: then it is taken to
  // be lower than 17, the first LLVM with plugins for mlir-opt.
  StringRef version = info.pluginVersion;
  unsigned major;
  if (version.count('.') == 2 && !version.consumeInteger(10, major) && version.starts_with(".") && major >= 17 &&
      major != LLVM_VERSION_MAJOR)
    return "it was built for LLVM " + std::string(info.pluginVersion) +
           ", but sparse-opt has LLVM " LLVM_VERSION_STRING;
  // MLIR aborts on the second registration of a dialect or pass.
  if (StringRef(info.pluginName) == "SPNN")
    return "its dialect and passes are built into sparse-opt";
  return std::nullopt;
}

static Reason checkPlugin(const std::string &path, bool dialect) {
  // The dynamic linker searches its folders for a name without a slash, as MLIR's options do too.
  if (StringRef(path).contains('/'))
    if (Reason reason = checkFile(path))
      return reason;
  // Global, as MLIR opens it, and all symbols at once: one that is missing shall not end a pass later on.
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (!library)
    return dlerror();
  if (dialect)
    return checkInfo(library, "mlirGetDialectPluginInfo",
                     &mlir::DialectPluginLibraryInfo::registerDialectRegistryCallbacks);
  return checkInfo(library, "mlirGetPassPluginInfo", &mlir::PassPluginLibraryInfo::registerPassRegistryCallbacks);
}

std::optional<std::string> spnn::checkPlugins(int argc, const char *const *argv) {
  // As the command line parser will see them: response files expanded, one or two dashes, a value behind '=' or next.
  SmallVector<const char *> args(argv, argv + argc);
  BumpPtrAllocator allocator;
  StringSaver saver(allocator);
  cl::ExpandResponseFiles(saver, cl::TokenizeGNUCommandLine, args);
  for (size_t i = 1; i < args.size() && StringRef(args[i]) != "--"; ++i) {
    StringRef option = args[i];
    if (!option.consume_front("-"))
      continue;
    option.consume_front("-");
    auto [name, value] = option.split('=');
    if (name != "load-dialect-plugin" && name != "load-pass-plugin")
      continue;
    if (name == option) {
      // The parser says so if there is none.
      if (i + 1 == args.size())
        break;
      value = args[++i];
    }
    if (Reason reason = checkPlugin(value.str(), name == "load-dialect-plugin"))
      return "cannot use plugin '" + value.str() + "': " + *reason;
  }
  return std::nullopt;
}

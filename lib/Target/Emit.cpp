//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Writes modules as files of each kind, linking shared libraries with the run-time library.
//
//===----------------------------------------------------------------------===//
#include "spnn/Target/Emit.h"

#include "LLVMCode.h"
#include "ModelHeader.h"
#include "spnn/Import/AtomicFile.h"

#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <dlfcn.h>
#include <sys/auxv.h>

using namespace mlir;
using namespace spnn;

std::optional<target::EmitKind> target::parseEmitKind(StringRef name) {
  return llvm::StringSwitch<std::optional<EmitKind>>(name)
      .Case("mlir", EmitKind::Mlir)
      .Case("bytecode", EmitKind::Bytecode)
      .Case("llvm", EmitKind::LLVM)
      .Case("asm", EmitKind::Asm)
      .Case("obj", EmitKind::Obj)
      .Case("so", EmitKind::So)
      .Default(std::nullopt);
}

static target::Error writeFile(StringRef path, StringRef contents) {
  if (path == "-") {
    llvm::outs() << contents;
    llvm::outs().flush();
    if (!llvm::outs().has_error())
      return std::nullopt;
    std::string reason = llvm::outs().error().message();
    llvm::outs().clear_error();
    return "cannot write standard output: " + reason;
  }
  AtomicFile file;
  if (target::Error error = file.open(path.str()))
    return error;
  if (target::Error error = file.write(contents.data(), contents.size()))
    return error;
  return file.commit();
}

/// The folder with the run-time library: lib/ beside the folder of the program or library that this code is in.
static std::string findRuntimeFolder() {
  Dl_info info;
  if (!dladdr(reinterpret_cast<void *>(&findRuntimeFolder), &info) || !info.dli_fname)
    return "";
  // A program is known to the loader by the name that it was called by, which need not be a path.
  Dl_info program;
  bool inProgram = !dladdr(reinterpret_cast<void *>(getauxval(AT_ENTRY)), &program) || program.dli_fbase == info.dli_fbase;
  SmallString<256> path;
  if (llvm::sys::fs::real_path(inProgram ? "/proc/self/exe" : info.dli_fname, path))
    return "";
  llvm::sys::path::remove_filename(path);
  llvm::sys::path::append(path, "..", "lib");
  return path.str().str();
}

/// Links the object at `object` into a shared library at `output`.
static target::Error link(StringRef object, StringRef output, bool dense) {
  llvm::ErrorOr<std::string> linker = llvm::sys::findProgramByName(SPNN_LINKER);
  if (!linker)
    return "cannot find the linker driver " SPNN_LINKER ": " + linker.getError().message();
  std::string folder = findRuntimeFolder();
  std::string runtime = folder + "/libSPNNRuntime.a", denseRuntime = folder + "/libSPNNRuntimeDense.a";
  if (!llvm::sys::fs::exists(runtime))
    return "cannot find the run-time library " + runtime;
  SmallString<128> log;
  if (std::error_code code = llvm::sys::fs::createTemporaryFile("spnn-link", "log", log))
    return "cannot create a temporary file: " + code.message();
  llvm::FileRemover removeLog(log);
  std::string rpath = "-Wl,-rpath," SPNN_OMP_FOLDER;
  SmallVector<StringRef> args{*linker, "-shared", "-fuse-ld=lld", "-o", output, object, "-Wl,-Bsymbolic",
                              "-Wl,--no-undefined", "-Wl,--gc-sections", rpath};
  // libomp before libdnnl: see docs/runtime-abi.md, "One OpenMP runtime". Contexts are for callers, so the archive
  // comes whole.
  if (dense)
    args.append({denseRuntime});
  args.append({"-Wl,--whole-archive", runtime, "-Wl,--no-whole-archive", SPNN_OMP_LIBRARY});
  if (dense)
    args.append({SPNN_DNNL_LIBRARY});
  args.append({"-lm"});
  std::optional<StringRef> redirects[] = {StringRef(""), StringRef(log), StringRef(log)};
  std::string message;
  int status = llvm::sys::ExecuteAndWait(*linker, args, std::nullopt, redirects, 0, 0, &message);
  if (status == 0)
    return std::nullopt;
  if (auto buffer = llvm::MemoryBuffer::getFile(log))
    message += (*buffer)->getBuffer().take_until([](char c) { return c == '\n'; }).str();
  return "linking the model failed: " + message;
}

/// The text that spnn-emit-entry-points left in the module.
static std::optional<StringRef> findDescription(ModuleOp module) {
  auto global = module.lookupSymbol<LLVM::GlobalOp>("spnn_model_description");
  auto text = global ? dyn_cast_or_null<StringAttr>(global.getValueOrNull()) : StringAttr();
  if (!text)
    return std::nullopt;
  return text.getValue().rtrim('\0');
}

static target::Error emitSharedLibrary(ModuleOp module, StringRef path, target::EmitProgress progress) {
  if (path == "-")
    return "a shared library needs a file name: give one with -o";
  // The last step is a rename, which would replace a device, and the header must not replace the library.
  if (llvm::sys::fs::exists(path) && !llvm::sys::fs::is_regular_file(path))
    return "cannot write " + path.str() + ": it is not a regular file";
  SmallString<128> headerPath(path);
  llvm::sys::path::replace_extension(headerPath, "h");
  if (headerPath == path)
    return "cannot write " + path.str() + ": the C header beside the library would have the same name";
  std::optional<StringRef> description = findDescription(module);
  if (!description)
    return "the module has no entry points (run a pipeline such as --spnn-cpu first)";
  target::LLVMCode code;
  if (target::Error error = code.build(module, progress))
    return error;
  // The linker works in the temporary folder: LLVM's temporary files take a '%' in the output's path for a wildcard.
  SmallString<128> object, library;
  if (std::error_code status = llvm::sys::fs::createTemporaryFile("spnn-model", "o", object))
    return "cannot create a temporary file: " + status.message();
  llvm::FileRemover removeObject(object);
  if (std::error_code status = llvm::sys::fs::createTemporaryFile("spnn-model", "so", library))
    return "cannot create a temporary file: " + status.message();
  llvm::FileRemover removeLibrary(library);
  {
    std::error_code status;
    llvm::raw_fd_ostream os(object, status);
    if (status)
      return "cannot write " + object.str().str() + ": " + status.message();
    progress("generating code");
    if (target::Error error = code.generate(os, /*object=*/true))
      return error;
    os.flush();
    if (os.has_error()) {
      std::string reason = os.error().message();
      os.clear_error();
      return "cannot write " + object.str().str() + ": " + reason;
    }
  }
  progress("linking");
  if (target::Error error = link(object, library, code.uses("spnn_rt_sgemm") || code.uses("spnn_rt_dense")))
    return error;
  auto linked = llvm::MemoryBuffer::getFile(library, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!linked)
    return "cannot read " + library.str().str() + ": " + linked.getError().message();
  std::string header;
  if (target::Error error = target::writeModelHeader(*description, llvm::sys::path::stem(path), header))
    return error;
  if (target::Error error = writeFile(path, (*linked)->getBuffer()))
    return error;
  if (target::Error error = writeFile(headerPath, header)) {
    llvm::sys::fs::remove(path);
    return error;
  }
  llvm::sys::fs::setPermissions(path, llvm::sys::fs::perms::all_read | llvm::sys::fs::perms::owner_write |
                                          llvm::sys::fs::perms::all_exe);
  return std::nullopt;
}

target::Error target::emit(ModuleOp module, EmitKind kind, StringRef path, EmitProgress progress) {
  if (kind == EmitKind::So)
    return emitSharedLibrary(module, path, progress);
  SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream os(bytes);
  switch (kind) {
  case EmitKind::Mlir:
    progress("printing");
    module.print(os);
    os << "\n";
    break;
  case EmitKind::Bytecode:
    progress("printing");
    if (failed(writeBytecodeToFile(module, os)))
      return "the module cannot be written as bytecode";
    break;
  case EmitKind::LLVM:
  case EmitKind::Asm:
  case EmitKind::Obj: {
    LLVMCode code;
    if (Error error = code.build(module, progress))
      return error;
    progress(kind == EmitKind::LLVM ? "printing" : "generating code");
    if (kind == EmitKind::LLVM)
      code.print(os);
    else if (Error error = code.generate(os, kind == EmitKind::Obj))
      return error;
    break;
  }
  case EmitKind::So:
    llvm_unreachable("handled above");
  }
  if (path == "-")
    progress("");
  return writeFile(path, StringRef(bytes.data(), bytes.size()));
}

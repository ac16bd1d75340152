/*===----------------------------------------------------------------------===*\
|*
|* Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===----------------------------------------------------------------------===*|
|*
|* SPNNPlugin.so: checks that the host is of our LLVM, then loads SPNNPluginCode.so from its own folder and forwards
|* to it. It needs no symbol of LLVM or MLIR, so every host can load it and hear what is wrong. A host prints no reason
|* for a plugin that fails to load, and goes on without it; hence errors end the program here.
|*
\*===----------------------------------------------------------------------===*/
#include "PluginInfo.h"

#include "llvm/Config/llvm-config.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
static void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("SPNNPlugin.so: error: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  exit(1);
}

/* Hosts that hide LLVM's C interface are left to the dynamic linker. */
static void checkHost(void) {
  typedef void GetVersion(unsigned *major, unsigned *minor, unsigned *patch);
  GetVersion *getVersion = (GetVersion *)dlsym(RTLD_DEFAULT, "LLVMGetVersion");
  if (!getVersion)
    return;
  unsigned major = 0, minor = 0, patch = 0;
  getVersion(&major, &minor, &patch);
  if (major != LLVM_VERSION_MAJOR)
    fail("built for LLVM %d, but this program has LLVM %u.%u.%u; use the mlir-opt of LLVM %d", LLVM_VERSION_MAJOR,
         major, minor, patch, LLVM_VERSION_MAJOR);
}

/* The path of the code: beside this file, also where a symbolic link to this file was loaded. */
static void findCode(char path[PATH_MAX]) {
  static const char name[] = "SPNNPluginCode.so";
  Dl_info self;
  if (!dladdr((void *)&findCode, &self) || !self.dli_fname || !realpath(self.dli_fname, path))
    fail("cannot find the folder that it was loaded from");
  size_t folder = (size_t)(strrchr(path, '/') + 1 - path);
  if (folder + sizeof(name) > PATH_MAX)
    fail("the path of its folder is too long");
  memcpy(path + folder, name, sizeof(name));
}

static struct SPNNPluginInfo forward(const char *entryPoint) {
  static void *code = NULL;
  if (!code) {
    checkHost();
    char path[PATH_MAX];
    findCode(path);
    /* All symbols at once, so that a missing one is an error here and not in the middle of a pass; and global, as hosts
       load plugins, for plugins that build on this one. */
    code = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
    if (!code)
      fail("cannot load SPNNPluginCode.so: %s", dlerror());
  }
  typedef struct SPNNPluginInfo GetInfo(void);
  GetInfo *getInfo = (GetInfo *)dlsym(code, entryPoint);
  if (!getInfo)
    fail("SPNNPluginCode.so is of another version: %s", dlerror());
  return getInfo();
}

struct SPNNPluginInfo mlirGetDialectPluginInfo(void);
struct SPNNPluginInfo mlirGetDialectPluginInfo(void) { return forward("mlirGetDialectPluginInfo"); }

struct SPNNPluginInfo mlirGetPassPluginInfo(void);
struct SPNNPluginInfo mlirGetPassPluginInfo(void) { return forward("mlirGetPassPluginInfo"); }

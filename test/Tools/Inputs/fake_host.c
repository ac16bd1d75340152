/*===----------------------------------------------------------------------===*\
|*
|* Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===----------------------------------------------------------------------===*|
|*
|* What mlir-opt does with a plugin: fake_host PLUGIN ENTRY... loads it and prints what its entry points return. With
|* FAKE_LLVM="19, 1, 7" the program says that it has that LLVM.
|*
\*===----------------------------------------------------------------------===*/
#include "PluginInfo.h"

#include <dlfcn.h>
#include <stdio.h>

#ifdef FAKE_LLVM
void LLVMGetVersion(unsigned *major, unsigned *minor, unsigned *patch);
void LLVMGetVersion(unsigned *major, unsigned *minor, unsigned *patch) {
  const unsigned version[] = {FAKE_LLVM};
  *major = version[0];
  *minor = version[1];
  *patch = version[2];
}
#endif

int main(int argc, char **argv) {
  typedef struct SPNNPluginInfo GetInfo(void);
  void *plugin = argc > 1 ? dlopen(argv[1], RTLD_LAZY | RTLD_GLOBAL) : NULL;
  if (!plugin) {
    printf("Failed to load the plugin. Request ignored.\n");
    return 0;
  }
  for (int i = 2; i < argc; ++i) {
    GetInfo *getInfo = (GetInfo *)dlsym(plugin, argv[i]);
    if (!getInfo) {
      printf("no %s\n", argv[i]);
      continue;
    }
    struct SPNNPluginInfo info = getInfo();
    printf("%s: API %u, %s %s\n", argv[i], info.apiVersion, info.pluginName, info.pluginVersion);
    if (info.registerCallback)
      info.registerCallback();
  }
  return 0;
}

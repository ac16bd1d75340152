/*===----------------------------------------------------------------------===*\
|*
|* Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===----------------------------------------------------------------------===*|
|*
|* A plugin that registers nothing. -D chooses the API and the version that it claims, and which entry points it has.
|*
\*===----------------------------------------------------------------------===*/
#include "PluginInfo.h"

#include <stdio.h>

#ifndef FAKE_API
#define FAKE_API 1
#endif
#ifndef FAKE_VERSION
#define FAKE_VERSION "v0.1"
#endif
#ifndef FAKE_CALLBACK
#define FAKE_CALLBACK registerNothing
#endif

void registerNothing(void);
void registerNothing(void) {
  puts("the plugin registers");
  fflush(stdout);
}

#ifdef FAKE_NEEDS
void FAKE_NEEDS(void);
void needing(void);
void needing(void) { FAKE_NEEDS(); }
#endif

#ifndef FAKE_NO_DIALECT
struct SPNNPluginInfo mlirGetDialectPluginInfo(void);
struct SPNNPluginInfo mlirGetDialectPluginInfo(void) {
  struct SPNNPluginInfo info = {FAKE_API, "fake dialect", FAKE_VERSION, FAKE_CALLBACK};
  return info;
}
#endif

#ifndef FAKE_NO_PASS
struct SPNNPluginInfo mlirGetPassPluginInfo(void);
struct SPNNPluginInfo mlirGetPassPluginInfo(void) {
  struct SPNNPluginInfo info = {FAKE_API, "fake passes", FAKE_VERSION, FAKE_CALLBACK};
  return info;
}
#endif

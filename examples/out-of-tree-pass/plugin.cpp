// The entry point that mlir-opt looks for in a pass plugin.
#include "CountSparseProducts.h"

#include "mlir/Tools/Plugins/PassPlugin.h"
#include "llvm/Config/llvm-config.h"

extern "C" LLVM_ATTRIBUTE_WEAK ::mlir::PassPluginLibraryInfo mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "CountSparseProducts", LLVM_VERSION_STRING, [] { registerCountSparseProducts(); }};
}
